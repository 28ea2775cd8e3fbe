// The workbench for everybody: axe, both languages and themes, small and wide, keys alone.
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveStudio } from '../../../src/node/studio/server.ts';
import { checkAccessible, folder, open } from '../browser.ts';
import { useSetting } from '../setting.ts';
import { begin, finished, ready, trainShortly } from './support.ts';

const at = useSetting();

describe('accessible to all', () => {
  let context: BrowserContext;
  let studio: Awaited<ReturnType<typeof serveStudio>>;

  beforeAll(async () => {
    context = await at.browser.newContext();
    const runs = join(at.parent, 'few');
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
