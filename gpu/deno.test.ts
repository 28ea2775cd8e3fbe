// Deno's own WebGPU, which is wgpu in place of Dawn, trains. `npm --prefix hosts ci` installs Deno.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { run } from '../hosts/support/run.ts';
import type { Result } from './apps/train.ts';

const deno = join(import.meta.dirname, '../hosts/node_modules/@deno/linux-x64-glibc/deno');

it.skipIf(!existsSync(deno))('Deno trains on its own WebGPU, to the same bits each time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nanobard-deno-'));
  try {
    const program = join(folder, 'deno.js');
    await build({
      entryPoints: [join(import.meta.dirname, 'apps/deno.ts')],
      ...{ bundle: true, format: 'esm', outfile: program, external: ['node:*'] },
    });
    const results: Result[] = [];
    for (let i = 0; i < 2; i++) results.push(JSON.parse(await run(deno, ['run', '--allow-all', program])));
    const [{ adapter, losses, sample, error }] = results as [Result];
    expect(error).toBeUndefined();
    expect(adapter).not.toBe('');
    expect(losses.length).toBe(60);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.5);
    expect(sample.length).toBe(20);
    expect(results[1]).toEqual(results[0]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
