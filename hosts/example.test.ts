// examples/browser in both browsers: on the page and in a worker, isolated or not.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { longestTask, type TraceEvent } from '../src/testing/trace-tasks.ts';
import { browserNames, openBrowser } from './support/browsers.ts';
import { npm } from './support/run.ts';
import { serve } from './support/server.ts';

const example = join(import.meta.dirname, '../examples/browser');
/** Until a model is good enough: Firefox on Intel with AVX-512 has taken 140 s (docs/hosts.md). */
const SLOWEST = 300_000;

const measured: Record<string, Record<string, number | undefined>> = {};

beforeAll(async () => {
  await npm(example, 'install');
  await npm(example, 'run', 'build');
});

afterAll(() => console.table(measured));

describe.each(browserNames)('%s', (name) => {
  let browser: Browser;
  let downloads: string;

  beforeAll(async () => {
    downloads = await mkdtemp(join(tmpdir(), 'nanobard-downloads-'));
    browser = await openBrowser(name, downloads);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(downloads, { recursive: true, force: true });
  });

  test.each([
    { where: 'page', isolated: true },
    { where: 'page', isolated: false },
    { where: 'worker', isolated: true },
    { where: 'worker', isolated: false },
  ])('in a $where, isolated: $isolated', { timeout: 2 * SLOWEST }, async ({ where, isolated }) => {
    const site = await serve(join(example, 'dist'), { isolated });
    const page = await browser.newPage();
    try {
      await open(page, site.url, where);
      const device = await text(page, '#device');
      expect(device).toContain(isolated ? 'threads' : '1 thread.');
      if (!isolated) expect(device).toMatch(/shared? memory|isolat/i); // it says why

      await watchGaps(page);
      // Called from the page, the device leaves it free: nothing that it does while training is felt.
      const isTraced = isolated && where === 'page' && name === 'chromium';
      await page.click('#train');
      await page.waitForFunction(() => document.querySelector('#progress')!.textContent!.startsWith('step'));
      const start = await takeGaps(page);
      if (isTraced) await page.tracing.start({ categories: ['toplevel'] });
      await page.waitForFunction(
        () => Number(/loss ([\d.]+)/.exec(document.querySelector('#progress')!.textContent!)?.[1] ?? 9) < 2.6,
        { timeout: SLOWEST },
      );
      const own = isTraced ? longestTask(await traceOf(page)) : undefined;
      await page.click('#stop');
      await page.waitForSelector('#write:enabled');
      const training = await takeGaps(page);
      const ms = /, (\d+) ms/.exec(await text(page, '#progress'))?.[1];
      measured[`${name}, ${where}, ${isolated ? 'isolated' : 'not isolated'}`] = {
        'ms/step': Number(ms),
        'longest task': training.task,
        'its own work': own && Math.round(own.cpu),
        'longest gap': training.gap,
        'task at the start': start.task,
      };
      if (own) expect(own.cpu).toBeLessThanOrEqual(50);

      const written = await write(page);
      expect(written.length).toBeGreaterThan(300);
      await page.click('#save');
      const file = await downloaded(downloads);

      await open(page, site.url, where);
      await (await page.$('input#load'))!.uploadFile(file);
      await page.waitForSelector('#write:enabled');
      expect(await write(page)).toBe(written);
    } finally {
      await page.close();
      site.close();
      for (const file of await readdir(downloads)) await rm(join(downloads, file));
    }
  });
});

/** What has been traced; ends the tracing. */
async function traceOf(page: Page): Promise<readonly TraceEvent[]> {
  const trace = new TextDecoder().decode(await page.tracing.stop());
  return (JSON.parse(trace) as { readonly traceEvents: readonly TraceEvent[] }).traceEvents;
}

/** Opens the page and waits until it knows its device. */
async function open(page: Page, url: string, where: string): Promise<void> {
  await page.goto(url);
  await page.waitForSelector('#train:enabled');
  if (where === 'worker') {
    await page.click('#worker');
    await page.waitForSelector('#train:enabled');
  }
  await page.waitForFunction(() => document.querySelector('#device')!.textContent !== '');
}

function text(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => element.textContent!);
}

/** What the model writes after a prompt, with a seed. */
async function write(page: Page): Promise<string> {
  await page.$eval('input#prompt', (element) => {
    element.value = 'The ';
  });
  await page.click('#write');
  await page.waitForSelector('#write:enabled');
  return page.$eval('textarea#sample', (element) => element.value);
}

/** The path of the one file in the folder, once it is whole. */
async function downloaded(folder: string): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const files = await readdir(folder);
    if (files.length === 1 && files[0]!.endsWith('.safetensors')) return join(folder, files[0]!);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no download in ${folder}`);
}

interface Gaps {
  /** Longest task in ms; Firefox does not tell. */
  task: number | undefined;
  /** Longest time between two calls of a timer of 10 ms. */
  gap: number;
}

declare global {
  var gaps: Gaps;
}

/** Has the page watch how long its thread is held. */
async function watchGaps(page: Page): Promise<void> {
  await page.evaluate(() => {
    const canTell = PerformanceObserver.supportedEntryTypes.includes('longtask');
    globalThis.gaps = { task: canTell ? 0 : undefined, gap: 0 };
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      gaps.gap = Math.max(gaps.gap, Math.round(now - last));
      last = now;
    }, 10);
    if (!canTell) return;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) gaps.task = Math.max(gaps.task ?? 0, duration);
    }).observe({ entryTypes: ['longtask'] });
  });
}

/** What was seen since the last time. */
async function takeGaps(page: Page): Promise<Gaps> {
  const [seen, task] = await page.evaluate(() => {
    const { task, gap } = gaps;
    gaps = { task: task === undefined ? task : 0, gap: 0 };
    return [gap, task ?? null] as const;
  });
  return { gap: seen, task: task ?? undefined };
}
