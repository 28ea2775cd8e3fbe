// From a pasted text to a file that opens elsewhere.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from '../browser.ts';
import { useSetting } from '../setting.ts';
import { begin, cli, finished, ready, run, set, textOf } from './support.ts';

const at = useSetting();

describe.each(['isolated', 'plain'] as const)('the journey on a host that is %s', (host) => {
  it('paste, train, look, write, download, open elsewhere', async () => {
    const { url } = at[host];
    const context = await at.browser.newContext({ acceptDownloads: true });
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
    const file = join(at.parent, `${host}.safetensors`);
    await download.saveAs(file);
    expect(problems).toEqual([]);
    await context.close();

    const fresh = await open(at.browser, `${url}?tab=write&lang=en`, { until: ready });
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
