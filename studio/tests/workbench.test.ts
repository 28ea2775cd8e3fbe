import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveStudio } from '../../src/node/studio/server.ts';
import { checkAccessible, folder, launch, open, serve, traceTasks } from './browser.ts';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** A text of one's own: short, with umlauts and a line that repeats. */
const poem =
  'Die Möwen sehen alle aus,\nals ob sie Emma hießen.\nSie tragen einen weißen Flaus\nund sind mit Schrot zu schießen.\n\n';

let browser: Browser;
let isolated: Awaited<ReturnType<typeof serve>>;
let plain: Awaited<ReturnType<typeof serve>>;
let parent: string;

beforeAll(async () => {
  browser = await launch();
  [isolated, plain] = await Promise.all([serve(true), serve(false)]);
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
});

afterAll(async () => {
  await browser?.close();
  isolated?.server.close();
  plain?.server.close();
  await rm(parent, { recursive: true });
});

const ready = '.machine p';

/** Types a number into a field of a recipe. */
async function set(page: Page, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [label, value] of Object.entries(values)) {
    const field = page.locator('.field', { has: page.getByText(label, { exact: true }) });
    await field.locator('input[type=number]').fill(String(value));
  }
}

/** A GPT that learns the poem in seconds. */
async function begin(page: Page, steps: number): Promise<void> {
  await page.getByRole('textbox', { name: 'Paste a text' }).fill(poem.repeat(60));
  await page.getByRole('combobox', { name: 'Recipe' }).selectOption('shakespeare-char-cpu');
  await page.locator('summary').click();
  const size = { Layers: 2, Width: 64, Heads: 2, Context: 32, Steps: steps };
  const rest = { 'Learning rate': 0.004, 'Warm-up steps': 20 };
  await set(page, { ...size, ...rest, 'Steps between evaluations': 100, 'Batches in an evaluation': 2 });
  await page.waitForSelector(`.facts:has-text("Parameters")`);
  await page.getByRole('button', { name: '▶ Train' }).click();
  await page.waitForSelector('#run-title');
}

const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).textContent()) ?? '';

const stateOf = (page: Page): Promise<string> => textOf(page, 'section:has(#run-title) [role=status]');
const stepOf = async (page: Page): Promise<number> =>
  Number(/step ([\d,]+)/.exec(await stateOf(page))?.[1]?.replace(',', '') ?? 0);

async function finished(page: Page, timeout = 120_000): Promise<void> {
  await page.waitForFunction(
    () => /finished/.test(document.querySelector('section:has(#run-title) [role=status]')?.textContent ?? ''),
    undefined,
    { timeout },
  );
}

describe.each(['isolated', 'plain'] as const)('the journey on a host that is %s', (host) => {
  it('paste, train, look, write, download, open elsewhere', async () => {
    const { url } = { isolated, plain }[host];
    const context = await browser.newContext({ acceptDownloads: true });
    const { page, problems } = await open(context, `${url}?tab=train&lang=en`, { until: ready });
    await begin(page, 400);
    await page.waitForSelector('.plot canvas');
    await finished(page);
    const samples = await page.locator('.side-by-side pre').allTextContents();
    expect(samples).toHaveLength(5);
    expect(samples.at(-1)).toMatch(/Möwen|Emma|Flaus|Schrot|tragen/);
    expect(samples[0]).not.toMatch(/Möwen|Emma|Flaus|Schrot|tragen/);

    await page.getByRole('link', { name: 'Look inside' }).click();
    await page.getByRole('textbox', { name: 'Text' }).fill('Die Möwen sehen alle aus');
    await page.waitForFunction(() => document.querySelectorAll('.looked .token').length === 24);
    await page.locator('.looked .token').nth(5).hover(); // after "Die Mö" comes w
    await page.locator('.distribution li').first().filter({ hasText: 'w' }).waitFor();
    expect(await page.locator('.attention-map canvas').count()).toBe(1);
    expect(await page.locator('.strip').count()).toBe(10); // five evaluations, weights and gradients

    await page.getByRole('link', { name: 'Write' }).click();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('Die Möwen ');
    await set(page, { Temperature: 0, Tokens: 40 });
    await page.getByRole('button', { name: '▶ Write' }).click();
    await page.getByText('Written.').waitFor();
    expect(await textOf(page, '.written')).toContain('Die Möwen sehen alle');

    await page.getByRole('link', { name: 'Train' }).click();
    await page.getByRole('button', { name: '⤓ Download' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: '⤓ nanobard f16' }).click(),
    ]);
    const file = join(parent, `${host}.safetensors`);
    await download.saveAs(file);
    expect(problems).toEqual([]);
    await context.close();

    const fresh = await open(browser, `${url}?tab=write&lang=en`, { until: ready });
    await fresh.page.locator('input[type=file]').setInputFiles(file);
    await fresh.page.getByRole('textbox', { name: 'Prompt' }).fill('und sind ');
    await set(fresh.page, { Temperature: 0, Tokens: 8 });
    await fresh.page.getByRole('button', { name: '▶ Write' }).click();
    await fresh.page.getByText('Written.').waitFor();
    expect(await textOf(fresh.page, '.written')).toContain('und sind mit Schr');
    expect(fresh.problems).toEqual([]);
    await fresh.page.close();
    const options = ['--prompt', 'und sind ', '--temperature', '0', '--tokens', '8'];
    const { stdout } = await run(process.execPath, [cli, 'sample', file, ...options]);
    expect(stdout).toContain('und sind mit Schr');
  });
});

describe('what is kept', () => {
  it('a page that is closed in the middle of a training goes on from at most ten seconds before', async () => {
    const context = await browser.newContext();
    const first = await open(context, `${isolated.url}?tab=train&lang=en`, { until: ready });
    await begin(first.page, 100_000);
    const seen: { readonly time: number; readonly step: number }[] = [];
    for (const start = performance.now(); performance.now() - start < 14_000; ) {
      seen.push({ time: performance.now(), step: await stepOf(first.page) });
      await first.page.waitForTimeout(250);
    }
    await first.page.close();
    const closed = performance.now();
    const second = await open(context, `${isolated.url}?tab=train&lang=en`, { until: '#run-title' });
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
    const { page } = await open(browser, `${isolated.url}?tab=train&lang=en`, { until: ready });
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

  it('looking costs a training less than a twentieth', async () => {
    const context = await browser.newContext();
    const { page } = await open(context, `${isolated.url}?tab=train&lang=en`, { until: ready });
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

/** A run of 20 steps in a folder, by the command line. */
async function trainShortly(out: string): Promise<void> {
  const flags = ['--n-layer', '1', '--max-iters', '20', '--eval-interval', '10', '--eval-iters', '1'];
  await run(process.execPath, [
    cli,
    'train',
    'shakespeare-char-cpu',
    '--data',
    'plays',
    '--out',
    out,
    ...flags,
  ]);
}

describe('runs of the server', () => {
  it('a long one is drawn at once, live, and can be hovered over; many are listed', async () => {
    const runs = join(parent, 'runs');
    await mkdir(runs);
    const first = join(runs, 'short');
    await trainShortly(first);
    for (let i = 0; i < 49; i++) await cp(first, join(runs, `copy-${i}`), { recursive: true });
    const step = (step: number): string =>
      `${JSON.stringify({ type: 'step', step, loss: 3 + Math.sin(step), learningRate: 1e-3, gradNorm: 1, ms: 1, tokensPerSecond: 1 })}\n`;
    const metrics = join(first, 'metrics.jsonl');
    await writeFile(metrics, Array.from({ length: 100_000 }, (_, i) => step(i + 1)).join(''));
    const studio = await serveStudio({ folder, port: 0, runs });
    try {
      const { page, problems } = await open(browser, `${studio.url}&tab=runs&lang=en`, { until: 'tbody tr' });
      expect(await page.locator('tbody tr').count()).toBe(50);
      await page.getByLabel('Filter').fill('short');
      await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
      const begin = performance.now();
      await page.getByRole('button', { name: 'short', exact: true }).click();
      await page.waitForSelector('.plot canvas');
      console.log(`100,000 steps drawn after ${(performance.now() - begin).toFixed(0)} ms`);
      const tasks = await traceTasks(page);
      const box = (await page.locator('.plot canvas').boundingBox())!;
      for (let i = 0; i < 40; i++)
        await page.mouse.move(box.x + (box.width * (i + 5)) / 50, box.y + box.height / 2);
      const longest = await tasks();
      console.log(`hovering: longest task ${longest.cpu.toFixed(0)} ms`);
      expect(longest.cpu).toBeLessThanOrEqual(50);
      await appendFile(metrics, step(100_001));
      await page.locator('.plot[aria-label*="100001"]').waitFor({ timeout: 2000 });
      await page.getByRole('button', { name: 'Evaluate' }).click();
      await page.getByText(/perplexity/).waitFor();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('button', { name: 'Really move' }).click();
      await page.getByText('is in the bin now').waitFor();
      expect(problems).toEqual([]);
      await page.close();
    } finally {
      await studio.close();
    }
  });
});

describe('accessible to all', () => {
  let context: BrowserContext;
  let studio: Awaited<ReturnType<typeof serveStudio>>;

  beforeAll(async () => {
    context = await browser.newContext();
    const runs = join(parent, 'few');
    await trainShortly(join(runs, 'one'));
    studio = await serveStudio({ folder, port: 0, runs });
    const { page } = await open(context, `${studio.url}&tab=train&lang=en`, { until: ready });
    await begin(page, 100);
    await finished(page);
    await page.close();
  });

  afterAll(async () => {
    await context.close();
    await studio.close();
  });

  it.each([
    ['train', '.plot canvas', 'en'],
    ['train', '.plot canvas', 'zh'],
    ['look', '.strip', 'en'],
    ['look', '.strip', 'zh'],
    ['write', '.distribution', 'en'],
    ['write', '.distribution', 'zh'],
    ['runs', '.plot canvas', 'en'],
    ['runs', '.plot canvas', 'zh'],
  ])('%s with %s in %s, light and dark, small and wide', async (tab, until, lang) => {
    for (const [theme, width] of [
      ['light', 360],
      ['dark', 1920],
    ] as const) {
      const address = `${studio.url}&tab=${tab}&run=one&lang=${lang}&theme=${theme}`;
      const { page, problems } = await open(context, address, { until, width });
      if (tab === 'write') {
        await page.locator('button.large').click();
        await page.locator('.written .token:visible').nth(3).click(); // a line break has no width
        await page.waitForSelector('.alternatives');
      }
      await checkAccessible(page);
      if (process.env.SHOTS)
        await page.screenshot({
          path: `${process.env.SHOTS}/${tab}-${lang}-${theme}-${width}.png`,
          fullPage: true,
        });
      expect(problems).toEqual([]);
      await page.close();
    }
  });

  it('by keys alone: to a tab, through a text, to a token', async () => {
    const { page } = await open(context, `${studio.url}&tab=train&lang=en`, { until: ready });
    await page.getByRole('link', { name: 'Write' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.distribution');
    await page.locator('button.large').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Written.').waitFor();
    await page.locator('.written').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('.written .chosen');
    await page.locator('.alternatives button').nth(1).focus();
    await page.keyboard.press('Enter');
    await page.getByText(/Written\.|Stopped\./).waitFor();
    await page.close();
  });
});
