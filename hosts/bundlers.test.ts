// The packed package in an empty project: every bundler takes it without configuration, and pages do without one.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build as esbuild } from 'esbuild';
import type { Browser } from 'puppeteer-core';
import * as vite7 from 'vite7';
import * as vite8 from 'vite8';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import webpack from 'webpack';
import { openBrowser } from './support/browsers.ts';
import { run } from './support/run.ts';
import { serve } from './support/server.ts';

const project = inject('project');
const apps = join(import.meta.dirname, 'apps');
let browser: Browser | undefined;
/** What Node prints that runs the program as it is. */
let expected: string;

/** A page that runs a script, in a folder of its own. */
async function page(folder: string, script: string, head = ''): Promise<void> {
  await mkdir(join(project, folder), { recursive: true });
  const html = `<!doctype html><title></title>${head}<script type="module" src="${script}"></script>`;
  await writeFile(join(project, folder, 'index.html'), html);
}

/** What the page at this address finds. */
async function resultOf(url: string): Promise<string> {
  const page = await browser!.newPage();
  page.on('pageerror', (error) => console.log(String(error)));
  try {
    await page.goto(url);
    await page.waitForFunction(() => document.title !== '', { timeout: 60_000 });
    return await page.title();
  } finally {
    await page.close();
  }
}

async function resultIn(folder: string): Promise<string> {
  const site = await serve(join(project, folder));
  try {
    return await resultOf(site.url);
  } finally {
    site.close();
  }
}

beforeAll(async () => {
  await copyFile(join(apps, 'bundled.js'), join(project, 'main.js'));
  await page('.', './main.js');
  expected = (await run(process.execPath, ['main.js'], project)).trim();
  expect(expected).toMatch(/^\{"loss":3\.\d+,"sample":".+","files":\["config.json",.+\]\}$/);
  browser = await openBrowser('chromium');
});

afterAll(() => browser?.close());

describe.each([
  ['7', vite7],
  ['8', vite8],
])('Vite %s', (version, vite) => {
  const inline = { root: project, configFile: false, logLevel: 'error' } as const;

  test('in development', async () => {
    const server = await vite.createServer({ ...inline, cacheDir: `.vite-${version}` });
    try {
      await server.listen();
      expect(await resultOf(server.resolvedUrls!.local[0]!)).toBe(expected);
    } finally {
      await server.close();
    }
  });

  test('in production', async () => {
    await vite.build({ ...inline, build: { outDir: `vite-${version}` } });
    expect(await resultIn(`vite-${version}`)).toBe(expected);
  });
});

test.each(['development', 'production'] as const)('webpack, in %s', async (mode) => {
  const folder = `webpack-${mode}`;
  await page(folder, './main.js');
  const compiler = webpack({
    mode,
    context: project,
    entry: './main.js',
    output: { path: join(project, folder) },
  });
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result)));
  });
  expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [] });
  expect(await resultIn(folder)).toBe(expected);
  if (mode === 'production') {
    // Nothing of the machine that has built it.
    expect((await readFile(join(project, folder, 'main.js'), 'utf8')).includes(project)).toBe(false);
  }
});

test('esbuild', async () => {
  await page('esbuild', './main.js');
  const { warnings } = await esbuild({
    absWorkingDir: project,
    entryPoints: ['main.js'],
    bundle: true,
    format: 'esm',
    outdir: 'esbuild',
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  expect(await resultIn('esbuild')).toBe(expected);
});

test('esbuild, for Node as CommonJS', async () => {
  await copyFile(join(apps, 'bundled-for-node.js'), join(project, 'server.js'));
  await esbuild({
    absWorkingDir: project,
    entryPoints: ['server.js'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: 'server.cjs',
    logLevel: 'silent',
  });
  expect(await run(process.execPath, ['server.cjs'], project)).toMatch(/^step 2: validation loss \d\.\d+$/m);
});

test('no bundler, but an import map and a folder of files as CDNs have them', async () => {
  const files = './node_modules/nanobard/dist';
  const imports = { nanobard: `${files}/browser.js`, 'nanobard/formats': `${files}/browser-formats.js` };
  await page('.', './main.js', `<script type="importmap">${JSON.stringify({ imports })}</script>`);
  expect(await resultIn('.')).toBe(expected);
});

test('what trains and samples a GPT on the CPU takes at most 90 kB', async () => {
  const { outputFiles } = await esbuild({
    entryPoints: [join(apps, 'train-and-sample.ts')],
    nodePaths: [join(project, 'node_modules')],
    tsconfigRaw: {}, // the package, not its sources
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    outdir: project,
  });
  const { contents, text } = outputFiles[0]!;
  expect(text).not.toContain('@compute'); // kernels for GPUs stay where they are
  const size = gzipSync(contents, { level: 9 }).length;
  console.log(`trains and samples a GPT on the CPU: ${(size / 1000).toFixed(1)} kB`);
  expect(size).toBeLessThanOrEqual(90_000);
});
