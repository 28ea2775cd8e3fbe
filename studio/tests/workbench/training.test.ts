// A training in the page: what is kept of it, what stands in its way, and on a GPU.
import { describe, expect, it } from 'vitest';
import { open } from '../browser.ts';
import { launch } from '../chromium.ts';
import { useSetting } from '../setting.ts';
import { begin, poem, ready, set, stateOf, stepOf, textOf } from './support.ts';

const at = useSetting();

describe('a training in the page', () => {
  it('a page that is closed in the middle of a training goes on from at most ten seconds before', async () => {
    const context = await at.browser.newContext();
    const first = await open(context, `${at.isolated.url}?tab=train&lang=en`, { until: ready });
    await begin(first.page, 100_000);
    const seen: { readonly time: number; readonly step: number }[] = [];
    for (const start = performance.now(); performance.now() - start < 14_000; ) {
      seen.push({ time: performance.now(), step: await stepOf(first.page) });
      await first.page.waitForTimeout(250);
    }
    await first.page.close();
    const closed = performance.now();
    const second = await open(context, `${at.isolated.url}?tab=train&lang=en`, { until: '#run-title' });
    expect(await stateOf(second.page)).toContain('stopped');
    const before = seen.findLast(({ time }) => time < closed - 10_000)!;
    const kept = await stepOf(second.page);
    console.log(
      `closed at step ${seen.at(-1)!.step}, kept ${kept}; ten seconds before it was at ${before.step}`,
    );
    expect(before.step).toBeGreaterThan(0);
    expect(kept).toBeGreaterThanOrEqual(before.step);
    await second.page.getByRole('button', { name: 'Go on' }).click();
    await second.page.waitForFunction(
      (step) =>
        Number(
          /step ([\d,]+)/
            .exec(document.querySelector('section:has(#run-title) [role=status]')?.textContent ?? '')?.[1]
            ?.replace(',', ''),
        ) > step,
      seen.at(-1)!.step,
      { timeout: 60_000 },
    );
    // Pause, go on, stop, fork, rename, delete.
    await second.page.getByRole('button', { name: 'Pause' }).click();
    await second.page.getByText(/paused · step/).waitFor();
    const paused = await stepOf(second.page);
    await second.page.waitForTimeout(500);
    expect(await stepOf(second.page)).toBe(paused);
    await second.page.locator('section:has(#run-title)').getByRole('button', { name: 'Go on' }).click();
    await second.page.getByText(/training · step/).waitFor();
    await second.page.getByRole('button', { name: 'Stop' }).click();
    await second.page.getByText(/stopped · step/).waitFor();
    await second.page.getByRole('button', { name: 'Fork' }).click();
    await second.page.getByRole('button', { name: 'Fork' }).click();
    await second.page.getByText(/training · step/).waitFor();
    await second.page.getByRole('button', { name: 'Stop' }).click();
    await second.page
      .getByText(/stopped · step/)
      .first()
      .waitFor();
    expect(await second.page.locator('.runs li').count()).toBe(2);
    for (const left of [1, 0]) {
      await second.page.locator('.runs li').first().getByRole('button', { name: 'Delete' }).click();
      await second.page.getByRole('button', { name: 'Really delete' }).click();
      await second.page.waitForFunction(
        (count) => document.querySelectorAll('.runs li').length === count,
        left,
      );
    }
    expect([...first.problems, ...second.problems]).toEqual([]);
    await context.close();
  });

  it('says what is wrong with a text, or a size', async () => {
    const { page } = await open(at.browser, `${at.isolated.url}?tab=train&lang=en`, { until: ready });
    await page.getByRole('textbox', { name: 'Paste a text' }).fill('too short');
    await page.locator('.failure').filter({ hasText: 'too short' }).waitFor();
    expect(await page.getByRole('button', { name: '▶ Train' }).isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Paste a text' }).fill(poem.repeat(10));
    await page.waitForSelector('.facts');
    await page.locator('.warning').filter({ hasText: 'short for this' }).waitFor();
    await set(page, { Width: 100_000 });
    await page.locator('.failure').filter({ hasText: 'MB' }).waitFor();
    await page.close();
  });

  it('can be had on the GPU where there is one, and goes on from there on the CPU', async () => {
    const withGpu = await launch({ gpu: true });
    try {
      const { page, problems } = await open(withGpu, `${at.isolated.url}?tab=train&lang=en`, {
        until: ready,
      });
      await page.getByRole('textbox', { name: 'Paste a text' }).fill(poem.repeat(60));
      await page.getByRole('combobox', { name: 'Recipe' }).selectOption('bigram');
      await page.locator('summary').click();
      await page.getByRole('combobox', { name: 'Device' }).selectOption('webgpu');
      await page.locator('.machine', { hasText: 'webgpu' }).waitFor();
      await set(page, { Steps: 10_000, 'Steps between evaluations': 50, 'Batches in an evaluation': 1 });
      await page.getByRole('button', { name: '▶ Train' }).click();
      await page.locator('.plot[aria-label*="50"]').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText(/stopped · step/).waitFor();
      const stopped = await stepOf(page);
      expect(stopped).toBeGreaterThan(0);
      await page.getByRole('combobox', { name: 'Device' }).selectOption('cpu');
      await page.locator('.machine', { hasText: 'cpu' }).waitFor();
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByText(/(training|finished) · step/).waitFor();
      await expect.poll(() => stepOf(page)).toBeGreaterThan(stopped);
      expect(problems).toEqual([]);
    } finally {
      await withGpu.close();
    }
  });

  it('looking costs a training less than a twentieth', async () => {
    const context = await at.browser.newContext();
    const { page } = await open(context, `${at.isolated.url}?tab=train&lang=en`, { until: ready });
    await begin(page, 100_000);
    await page.getByText(/training · step/).waitFor();
    await page.getByRole('link', { name: 'Look inside' }).click();
    await page.waitForSelector('.looked');
    await page.waitForTimeout(5000);
    const ms = Number(/computed in (\d+) ms/.exec(await textOf(page, 'main'))?.[1]);
    console.log(`looked at every 2,000 ms for ${ms} ms`);
    expect(ms).toBeLessThanOrEqual(100);
    await context.close();
  });
});
