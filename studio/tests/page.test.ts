import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { checkAccessible, open as openPage, traceTasks } from './browser.ts';
import { useSetting } from './setting.ts';
import { lastLoss, losses, stated, tinyshakespeare } from './stated.ts';

const names = Object.keys({ ...stated, ...losses });

const at = useSetting();

/** A page at a chapter, and what went wrong on it: that must stay empty. */
const open = (address: string, width?: number) =>
  openPage(at.browser, address, { until: '.all button', ...(width !== undefined && { width }) });

/** Waits until every cell has come to its end. */
async function finished(page: Page, timeout = 150_000): Promise<void> {
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll('.cell .state')].every(({ textContent }) =>
        /\d (s|秒)$/.test(textContent),
      ),
    undefined,
    { timeout },
  );
}

const outputOf = (page: Page): Promise<string> =>
  page.$$eval('.output > pre, .failure', (elements) =>
    elements.map(({ textContent }) => textContent).join('\n'),
  );

describe.each(['en', 'zh'])('every cell of every chapter in the page: %s', (language) => {
  it.each(names)('%s', async (name) => {
    const { page, problems } = await open(
      `${at.isolated.url}?chapter=${Number.parseInt(name, 10)}&lang=${language}`,
    );
    await page.waitForLoadState('networkidle'); // who runs a chapter has seen it
    const tasks = await traceTasks(page);
    const begin = performance.now();
    await page.click('.all button');
    await finished(page);
    const seconds = (performance.now() - begin) / 1000;
    const longest = await tasks();
    const output = await outputOf(page);
    expect(problems).toEqual([]);
    expect(await page.$$('.failure')).toEqual([]);
    if (tinyshakespeare) {
      for (const line of stated[name] ?? []) expect(output).toContain(line);
      if (name in losses) expect(lastLoss(output)).toBeLessThanOrEqual(losses[name]!);
    }
    console.log(
      `${name} ${language}: ${seconds.toFixed(1)} s, longest task ${longest.cpu.toFixed(0)} ms of work, ` +
        `${longest.wall.toFixed(0)} ms on the clock`,
    );
    expect(longest.cpu).toBeGreaterThan(0);
    expect(longest.cpu).toBeLessThanOrEqual(50);
    await page.close();
  });
});

describe('the page', () => {
  it('shows itself at once, and the first step of chapter 4 soon after', async () => {
    const page = await at.browser.newPage();
    const begin = performance.now();
    await page.goto(`${at.isolated.url}?chapter=4&lang=en`);
    await page.waitForSelector('.all button');
    await page.click('.all button');
    await page.waitForSelector('[data-cell=train] .output pre');
    const first = performance.now() - begin;
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    );
    console.log(`first paint ${paint.toFixed(0)} ms, first step ${first.toFixed(0)} ms`);
    expect(paint).toBeLessThanOrEqual(1000);
    expect(first).toBeLessThanOrEqual(3000);
    await page.close();
  });

  it('loads at most 150 kB of JavaScript before a cell is edited', async () => {
    const page = await at.browser.newPage();
    let bytes = 0;
    page.on('response', async (response) => {
      if (response.url().endsWith('.js')) bytes += gzipSync(await response.body().catch(() => '')).length;
    });
    await page.goto(`${at.isolated.url}?chapter=4&lang=en`);
    await page.waitForSelector('.all button');
    await page.click('.all button');
    await finished(page);
    console.log(`${(bytes / 1000).toFixed(1)} kB of JavaScript`);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThanOrEqual(150_000);
    await page.close();
  });

  it('computes on one thread on a host that does not isolate it, and says what would help', async () => {
    const { page, problems } = await open(`${at.plain.url}?chapter=4&lang=en`);
    await page.click('.all button');
    await finished(page);
    const machine = await page.textContent('.machine');
    expect(machine).toContain('1 thread.');
    expect(machine).toMatch(/isolat|shared memory/i);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('runs what is edited, shows an error at its cell, and can reset it', async () => {
    const { page } = await open(`${at.isolated.url}?chapter=1&lang=en`);
    const cell = page.locator('[data-cell=text]');
    await cell.getByRole('button', { name: 'Edit' }).click();
    const editor = cell.locator('.cm-content');
    await editor.waitFor();
    await editor.fill("const greeting: string = 'hello';\nconsole.log(greeting.toUpperCase());");
    await cell.getByRole('button', { name: 'Run', exact: false }).first().click();
    await cell.locator('.output pre').filter({ hasText: 'HELLO' }).waitFor();
    await editor.fill("import { ops } from 'nanobard';\nops.matmul(ops.zeros([2, 3]), ops.zeros([2, 3]));");
    await cell.getByRole('button', { name: '▶' }).click();
    await cell.locator('.failure').filter({ hasText: 'matmul' }).waitFor();
    await editor.fill('const x = ;');
    await cell.getByRole('button', { name: '▶' }).click();
    await cell.locator('.failure').filter({ hasText: 'SyntaxError' }).waitFor();
    await cell.getByRole('button', { name: 'Reset' }).click();
    await cell.getByRole('button', { name: '▶' }).click();
    await cell.locator('.output pre').filter({ hasText: 'length of the text' }).waitFor();
    await page.close();
  });

  it('stops a training, and a loop that hears nothing', async () => {
    const { page } = await open(`${at.isolated.url}?chapter=8&lang=en`);
    await page.click('.all button');
    const train = page.locator('[data-cell=train]');
    await train.locator('.output > pre').waitFor({ timeout: 60_000 });
    await train.getByRole('button', { name: 'Stop' }).click();
    await train.locator('.note').filter({ hasText: 'Stopped' }).waitFor();
    expect(await page.textContent('.machine')).toContain('thread'); // the kernel lives on
    const cell = page.locator('[data-cell=sample]');
    await cell.getByRole('button', { name: 'Edit' }).click();
    await cell.locator('.cm-content').fill('for (;;);');
    await cell.getByRole('button', { name: '▶' }).click();
    await cell.getByRole('button', { name: 'Stop' }).click();
    await page.locator('.machine').filter({ hasText: 'kernel was started anew' }).waitFor();
    await page.close();
  });

  it('forgets the cells that wait when it is stopped', async () => {
    const { page } = await open(`${at.isolated.url}?chapter=1&lang=en`);
    const write = async (id: string, source: string): Promise<void> => {
      const cell = page.locator(`[data-cell=${id}]`);
      await cell.getByRole('button', { name: 'Edit' }).click();
      await cell.locator('.cm-content').fill(source);
      await cell.getByRole('button', { name: '▶' }).click();
    };
    await write(
      'text',
      "for (;;) {\n  await new Promise((done) => setTimeout(done, 20));\n  console.log('on');\n}",
    );
    await page.locator('[data-cell=text] .output > pre').filter({ hasText: 'on' }).waitFor();
    await write('split', 'Object.assign(globalThis, { ran: true });');
    await page.locator('[data-cell=text]').getByRole('button', { name: 'Stop' }).click();
    await page.locator('[data-cell=split] .note').filter({ hasText: 'Stopped' }).waitFor();
    await write('exercise', "console.log('ran:', 'ran' in globalThis);");
    await page.locator('[data-cell=exercise] .output > pre').filter({ hasText: 'ran: false' }).waitFor();
    await page.close();
  });

  it('is steered by its address and by keys', async () => {
    const { page } = await open(`${at.isolated.url}?chapter=2&lang=zh&theme=dark`);
    expect(await page.getAttribute('html', 'lang')).toBe('zh');
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    const first = page.locator('nav.side a').first();
    await first.focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.search.includes('chapter=1'));
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('h1 .number')?.textContent === '2');
    await page.close();
  });
});

describe.each(['en', 'zh'])('accessible to all: %s', (language) => {
  it.each(names)('%s, light and dark, small and wide', async (name) => {
    for (const theme of ['light', 'dark']) {
      const { page, problems } = await open(
        `${at.isolated.url}?chapter=${Number.parseInt(name, 10)}&lang=${language}&theme=${theme}`,
        theme === 'light' ? 1280 : 360,
      );
      if (Number.parseInt(name, 10) < 6) {
        await page.click('.all button'); // figures and output are part of it
        await finished(page);
      }
      await checkAccessible(page);
      expect(problems).toEqual([]);
      await page.close();
    }
  });
});
