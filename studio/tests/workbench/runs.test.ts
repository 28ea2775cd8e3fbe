// The runs of the server's folder.
import { appendFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveStudio } from '../../../src/node/studio/server.ts';
import { folder, open, traceTasks } from '../browser.ts';
import { useSetting } from '../setting.ts';
import { trainShortly } from './support.ts';

const at = useSetting();

describe('runs of the server', () => {
  it('a long one is drawn at once, live, and can be hovered over; many are listed', async () => {
    const runs = join(at.parent, 'runs');
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
      const { page, problems } = await open(at.browser, `${studio.url}&tab=runs&lang=en`, {
        until: 'tbody tr',
      });
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
