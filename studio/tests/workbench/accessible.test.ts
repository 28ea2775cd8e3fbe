// The workbench for everybody: axe, both languages and themes, small and wide, keys alone.
import { join } from 'node:path';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveStudio } from '../../../src/node/studio/server.ts';
import { checkAccessible, folder, open } from '../browser.ts';
import { useSetting } from '../setting.ts';
import { begin, finished, poem, ready, trainShortly } from './support.ts';

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

  it('by keys alone: a text, its training, what it writes, another token, a look inside', async () => {
    const { page } = await open(context, `${studio.url}&tab=train&lang=en`, { until: ready });
    const button = (name: string) => page.getByRole('button', { name });
    await tabTo(page, page.getByRole('textbox', { name: 'Paste a text' }));
    await page.keyboard.insertText(poem.repeat(60));
    await tabTo(page, page.getByRole('combobox', { name: 'Recipe' }));
    await page.keyboard.type('bigram');
    await tabTo(page, page.locator('summary'));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('spinbutton', { name: 'Steps', exact: true }));
    await page.keyboard.press('Control+a');
    await page.keyboard.type('300');
    await page.waitForSelector('.facts:has-text("Parameters")');
    await tabTo(page, button('▶ Train'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#run-title');
    await finished(page);

    await tabTo(page, page.getByRole('link', { name: 'Write' }));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.distribution');
    await tabTo(page, button('Write').first());
    await page.keyboard.press('Enter');
    await page.getByText('Written.').waitFor();
    await tabTo(page, page.locator('.written'));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('.written .chosen');
    await tabTo(page, page.locator('.alternatives button').nth(1));
    await page.keyboard.press('Enter');
    await page.getByText(/Written\.|Stopped\./).waitFor();

    await tabTo(page, page.getByRole('link', { name: 'Look inside' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.locator('.looked'));
    const before = await page.locator('.looked .chosen').textContent();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(
      (chosen) => document.querySelector('.looked .chosen')?.textContent !== chosen,
      before,
    );
    await page.close();
  });
});

/** Presses Tab until an element has the focus, as who has no mouse must. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let pressed = 0; pressed < 100; pressed++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`100 tabs do not lead to ${target}`);
}
