// Chromium: a page and a worker train on the GPU until the loss falls, and sample.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Site, serve } from '../hosts/support/server.ts';
import type { Long } from './apps/long.ts';
import type { Result } from './apps/train.ts';

let folder: string;
let site: Site;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-gpu-'));
  await build({
    entryPoints: ['train', 'long'].map((app) => join(import.meta.dirname, `apps/${app}.ts`)),
    ...{ bundle: true, format: 'esm', splitting: true, outdir: folder, external: ['node:*'] },
  });
  await writeFile(join(folder, 'index.html'), '<!doctype html><title></title>');
  site = await serve(folder);
  browser = await puppeteer.launch({
    browser: 'chrome',
    executablePath: '/usr/bin/chromium',
    // As root in a closed network, with an adapter in software where there is no other.
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--js-flags=--expose-gc',
      '--enable-precise-memory-info',
    ],
  });
  page = await browser.newPage();
  page.on('pageerror', (error) => console.log(String(error)));
  await page.goto(site.url);
});

afterAll(async () => {
  await browser?.close();
  site?.close();
  await rm(folder, { recursive: true });
});

function check({ adapter, losses, sample, error }: Result): void {
  expect(error).toBeUndefined();
  expect(adapter).not.toBe('');
  expect(losses.length).toBe(60);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.5);
  expect(sample.length).toBe(20);
}

let inPage: Result;

it('a page trains', async () => {
  // As text, since this side's bundler would put an import of its own in place of the page's.
  inPage = (await page.evaluate("import('/train.js').then(() => result)")) as Result;
  check(inPage);
});

it('a worker trains, to the same bits', async () => {
  const inWorker = await page.evaluate(
    () =>
      new Promise<Result>((resolve, reject) => {
        const worker = new Worker('/train.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      }),
  );
  expect(inWorker).toEqual(inPage);
});

it('2,000 steps leave the heap as it is, and make no GPU objects', async () => {
  const { heap, made } = (await page.evaluate("import('/long.js').then(() => long)")) as Long;
  console.log(
    `heap after 400 to 2,000 steps, MB: ${heap.map((bytes) => (bytes / 1e6).toFixed(2)).join(', ')}`,
  );
  expect(heap.length).toBe(5);
  // Less than an object for each of the last 1,200 steps.
  expect(heap[4]! - heap[1]!).toBeLessThan(1200 * 50);
  expect(made).toEqual([]);
});

it('the device alone takes at most 40 kB', async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../src/webgpu.ts')],
    ...{ bundle: true, minify: true, format: 'esm', write: false, external: ['node:*'] },
  });
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  console.log(`the webgpu device alone: ${(size / 1000).toFixed(1)} kB`);
  expect(size).toBeLessThanOrEqual(40_000);
});
