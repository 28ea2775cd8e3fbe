// What tests of the workbench share: a text of one's own, and the ways through the page.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';

export const run = promisify(execFile);
export const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** A text of one's own: short, with umlauts and a line that repeats. */
export const poem =
  'Die Möwen sehen alle aus,\nals ob sie Emma hießen.\nSie tragen einen weißen Flaus\nund sind mit Schrot zu schießen.\n\n';

export const ready = '.machine p';

/** Types a number into a field of a recipe. */
export async function set(page: Page, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [label, value] of Object.entries(values)) {
    const field = page.locator('.field', { has: page.getByText(label, { exact: true }) });
    await field.locator('input[type=number]').fill(String(value));
  }
}

/** A GPT that learns the poem in seconds. */
export async function begin(page: Page, steps: number): Promise<void> {
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

export const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).textContent()) ?? '';

export const stateOf = (page: Page): Promise<string> => textOf(page, 'section:has(#run-title) [role=status]');
export const stepOf = async (page: Page): Promise<number> =>
  Number(/step ([\d,]+)/.exec(await stateOf(page))?.[1]?.replace(',', '') ?? 0);

export async function finished(page: Page, timeout = 120_000): Promise<void> {
  await page.waitForFunction(
    () => /finished/.test(document.querySelector('section:has(#run-title) [role=status]')?.textContent ?? ''),
    undefined,
    { timeout },
  );
}

/** A run of 20 steps in a folder, by the command line. */
export async function trainShortly(out: string): Promise<void> {
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
