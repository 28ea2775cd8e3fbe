// One training in every host: the same losses and the same sample, to the last bit.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Result } from './apps/bits.ts';
import { type BrowserName, browserNames, openBrowser } from './support/browsers.ts';
import { run } from './support/run.ts';
import { serve } from './support/server.ts';

const project = inject('project');
const program = join(project, 'bits/bits.js');
const results = new Map<string, Result>();
/** Engines that do not fuse multiply and add. */
const unfused = new Set(['Bun']);

const modules = join(import.meta.dirname, 'node_modules');
const commands: Readonly<Record<string, readonly string[]>> = {
  'Node 20': [join(modules, 'node20/bin/node')],
  'Node 24': [join(modules, 'node24/bin/node')],
  'Node 26': [join(modules, 'node26/bin/node')],
  Bun: [join(modules, '@oven/bun-linux-x64/bin/bun')],
  Deno: [join(modules, '@deno/linux-x64-glibc/deno'), 'run', '--allow-all'],
};

async function inRuntime(name: string, ...args: string[]): Promise<Result> {
  const [command, ...rest] = commands[name]!;
  return JSON.parse(await run(command!, [...rest, program, ...args]));
}

async function inBrowser(name: BrowserName): Promise<Result> {
  const site = await serve(join(project, 'bits'), { isolated: true });
  const browser = await openBrowser(name);
  try {
    // Firefox ESR 140 has no relaxed SIMD.
    if (name === 'firefox' && Number(/\d+/.exec(await browser.version())?.[0]) <= 140) unfused.add(name);
    const page = await browser.newPage();
    await page.goto(site.url);
    return await page.evaluate(
      () =>
        new Promise<Result>((resolve, reject) => {
          const worker = new Worker('/bits.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        }),
    );
  } finally {
    await browser.close();
    site.close();
  }
}

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, 'apps/bits-command.ts')],
    bundle: true,
    format: 'esm',
    outfile: program,
    nodePaths: [join(project, 'node_modules')],
    tsconfigRaw: {}, // the package, not its sources
  });
  await writeFile(join(project, 'bits/index.html'), '<!doctype html><title>bits</title>');
  results.set('Node 20', await inRuntime('Node 20'));
  results.set('Node 20, not fused', await inRuntime('Node 20', 'simd128'));
});

for (const name of Object.keys(commands).slice(1)) {
  test(name, async () => {
    results.set(name, await inRuntime(name));
    expectSameBits(name);
  });
}

for (const name of browserNames) {
  // Firefox on Intel with AVX-512 may take 3.5 s for a step: see docs/hosts.md.
  test(name, { timeout: 400_000 }, async () => {
    results.set(name, await inBrowser(name));
    expectSameBits(name);
  });
}

/** Engines that fuse multiply and add agree, and those that do not. */
function expectSameBits(name: string): void {
  const { losses, sample } = results.get(name)!;
  const reference = results.get(unfused.has(name) ? 'Node 20, not fused' : 'Node 20')!;
  expect(losses).toEqual(reference.losses);
  expect(sample).toBe(reference.sample);
}

afterAll(() => {
  console.table(
    Object.fromEntries(
      [...results].map(([name, { simd, threads, ms, hash }]) => [
        name,
        { simd, threads, 'ms/step': Math.round(ms), hash },
      ]),
    ),
  );
});
