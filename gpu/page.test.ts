// Chromium: a page and a worker train on the GPU until the loss falls, and sample.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Site, serve } from '../hosts/support/server.ts';
import { planTraining } from '../src/language/recipes/plan.ts';
import { recipes } from '../src/language/recipes/recipes.ts';
import type { Choice } from './apps/auto.ts';
import type { Long } from './apps/long.ts';
import type { Result } from './apps/train.ts';

let folder: string;
let site: Site;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-gpu-'));
  await build({
    entryPoints: ['train', 'long', 'auto'].map((app) => join(import.meta.dirname, `apps/${app}.ts`)),
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

it('auto takes a real GPU that is measured to be faster, and says why', async () => {
  const choices = (await page.evaluate("import('/auto.js').then(() => choices)")) as readonly Choice[];
  const [plain, measured, told] = choices as [Choice, Choice, Choice];
  // This browser's adapter is SwiftShader.
  expect(plain.name).toBe('cpu');
  expect(plain.reason).toMatch(
    /^auto takes cpu: WebGPU finds no real GPU here, .+ computes on the processor\.$/,
  );
  expect(plain.speeds).toEqual([]);
  // Where it says that it is none, numbers decide: here those of two ways to use one processor.
  const { flopsPerStep, instructionsPerStep } = planTraining(recipes['shakespeare-char-cpu'].recipe, 65, 0);
  expect(measured.speeds.length).toBe(2);
  const [cpu, gpu] = measured.speeds.map(
    ({ gflops, msPerLaunch }) => instructionsPerStep * msPerLaunch + flopsPerStep / gflops / 1e6,
  ) as [number, number];
  expect(measured.name).toBe(gpu < cpu ? 'webgpu' : 'cpu');
  expect(told.name).toBe('webgpu');
  for (const { reason, name } of [measured, told])
    expect(reason).toMatch(new RegExp(`^auto takes ${name}: by what was measured here, a step takes about`));
  console.log(measured.reason);
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
