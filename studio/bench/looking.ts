// What looking inside a model costs its training: seconds with the tab "Look inside" open and without, in turn.
//
//     npm --prefix studio run bench:looking [-- PAIRS]
//
// PAIRS is 6 by default, of ten seconds each way. A build of the studio must be there. Fails where a step takes more than
// 5 % longer (the median of the pairs).
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { serveStudio } from '../../src/node/studio/server.ts';
import { launch } from '../tests/chromium.ts';

const pairs = Number(process.argv[2] ?? 6);
const BLOCK = 10_000;
const MOST = 1.05;

/** The step that the page shows next, and when it does, in ms: to be asked on the tab "Train". */
async function nextStep(page: Page): Promise<{ readonly step: number; readonly at: number }> {
  const state = page.locator('section:has(#run-title) [role=status]');
  const before = await state.textContent();
  return page.evaluate(
    (before) =>
      new Promise<{ step: number; at: number }>((resolve) => {
        const observer = new MutationObserver(() => {
          const now = document.querySelector('section:has(#run-title) [role=status]')?.textContent ?? '';
          const step = /step ([\d,]+)/.exec(now)?.[1];
          if (!step || now === before) return;
          observer.disconnect();
          resolve({ step: Number(step.replace(',', '')), at: performance.now() });
        });
        observer.observe(document.body, { characterData: true, childList: true, subtree: true });
      }),
    before,
  );
}

/** Milliseconds of a step while a tab is open. */
async function stepTime(page: Page, tab: 'Train' | 'Look inside'): Promise<number> {
  const first = await nextStep(page);
  await page.getByRole('link', { name: tab }).click();
  await page.waitForTimeout(BLOCK);
  await page.getByRole('link', { name: 'Train' }).click();
  const last = await nextStep(page);
  return (last.at - first.at) / (last.step - first.step);
}

const studio = await serveStudio({
  folder: fileURLToPath(new URL('../../dist/studio', import.meta.url)),
  port: 0,
});
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(`${studio.url}&tab=train&lang=en`);
  await page.getByRole('button', { name: 'Made-up verse' }).click();
  await page.getByRole('combobox', { name: 'Recipe' }).selectOption('shakespeare-char-cpu');
  await page.locator('summary').click();
  // Without evaluations in between, which take seconds.
  for (const label of ['Steps', 'Steps between evaluations'])
    await page
      .locator('.field', { has: page.getByText(label, { exact: true }) })
      .locator('input[type=number]')
      .fill('100000');
  await page.getByRole('button', { name: '▶ Train' }).click();
  await page.waitForSelector('#run-title');
  await page.getByRole('link', { name: 'Look inside' }).click();
  await page.waitForSelector('.looked');
  await page.getByRole('link', { name: 'Train' }).click();
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // The other way round each second time.
    const [a, b] = pair % 2 === 0 ? (['Train', 'Look inside'] as const) : (['Look inside', 'Train'] as const);
    const times = { [a]: await stepTime(page, a), [b]: await stepTime(page, b) };
    ratios.push(times['Look inside']! / times.Train!);
    console.log(`${times.Train!.toFixed(1)} ms a step, ${times['Look inside']!.toFixed(1)} while looked at`);
  }
  ratios.sort((a, b) => a - b);
  const median = ratios[Math.floor(ratios.length / 2)]!;
  console.log(`looking makes a step ${((median - 1) * 100).toFixed(1)} % longer (median of ${pairs} pairs)`);
  if (median > MOST) process.exitCode = 1;
} finally {
  await browser.close();
  await studio.close();
}
