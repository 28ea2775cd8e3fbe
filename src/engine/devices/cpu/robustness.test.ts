// What must not happen, whatever goes wrong: crashes, waiting for ever, threads left behind, other programs' values.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { values } from '../../../testing/check.ts';
import { neg } from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { slice } from '../../ops/views/views.ts';
import { compile } from '../../program/compile.ts';
import { Input, Variable } from '../../tensor/tensor.ts';
import { findBlas } from './blas.ts';
import { CpuDevice } from './cpu-device.ts';

const folder = mkdtempSync(join(tmpdir(), 'nanobard-'));
afterAll(() => rmSync(folder, { recursive: true }));

const workers: Worker[] = [];
const hear = (worker: Worker): void => void workers.push(worker);
beforeEach(() => void process.on('worker', hear));
afterEach(() => {
  process.off('worker', hear);
  workers.length = 0;
  vi.restoreAllMocks();
  vi.doUnmock('./blas.ts');
});

const matrix = (m: number, n: number, seed: number): Variable =>
  new Variable([m, n], { initial: values([m, n], seed).data as Float32Array });
/** A product of 2 MFLOP. */
const product = compile({ outputs: { y: matmul(matrix(100, 100, 1), matrix(100, 100, 2)) } });
const library = findBlas('auto')?.library;

describe('CpuDevice', () => {
  it('starts only the workers that a program needs', async () => {
    const device = await CpuDevice.create({ threads: 6, flopsPerThread: 700_000 });
    const small = await device.load(compile({ outputs: { y: neg(matrix(10, 10, 1)) } }));
    await small.run();
    expect(workers).toHaveLength(0);
    const large = await device.load(product);
    await large.run();
    await vi.waitFor(() => expect(workers).toHaveLength(1));
    await device.load(product);
    expect(workers).toHaveLength(1);
    await device.dispose();
  });

  it('leaves no worker alive when it is disposed of while they start', async () => {
    const device = await CpuDevice.create({ threads: 4, flopsPerThread: 1 });
    const loading = device.load(product);
    while (workers.length < 3) await once(process, 'worker'); // between two looks they might start
    const ended = Promise.all(workers.map((worker) => once(worker, 'exit')));
    await device.dispose();
    await expect(loading).rejects.toMatchObject({ code: 'device' });
    await ended;
    await expect(device.load(product)).rejects.toThrow('disposed of');
  });

  it('fails, and does not wait for ever, when a kernel fails on a worker alone', async () => {
    const koffi = join(folder, 'koffi.cjs');
    // The calling thread takes its time, so that it does not do the workers' part too.
    writeFileSync(
      koffi,
      `const { isMainThread } = require('node:worker_threads');
       exports.address = () => 0n;
       exports.load = () => ({
         func: () => () => {
           if (!isMainThread) throw new Error('no BLAS here');
           Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
         },
       });`,
    );
    vi.resetModules();
    vi.doMock('./blas.ts', () => ({ findBlas: () => ({ koffi, library: 'a library' }) }));
    const { CpuDevice: Fresh } = await import('./cpu-device.ts');
    for (const background of [false, true]) {
      const device = await Fresh.create({ threads: 3, flopsPerThread: 1, background });
      const program = await device.load(product);
      const failure = { code: 'device', message: 'a kernel failed; the CPU device cannot be used any more' };
      for (let i = 0; i < 2; i++) await expect((async () => program.run())()).rejects.toMatchObject(failure);
      await expect(async () => program.read('y')).rejects.toMatchObject(failure);
      await expect(device.load(product)).rejects.toMatchObject(failure);
      await device.dispose();
    }
  });

  it('leaves nothing undone that is a thread’s who never comes', async () => {
    const inputs = [new Input('a', [100, 70]), new Input('b', [70, 90])] as const;
    const program = compile({ outputs: { y: neg(matmul(...inputs)) } });
    const run = async (device: CpuDevice) => {
      const executable = await device.load(program);
      for (const { name, size } of inputs)
        executable.input(name).set(Float32Array.from({ length: size }, (_, i) => Math.sin(i)));
      for (let i = 0; i < 3; i++) await executable.run();
      const values = [...(await executable.read('y'))];
      await device.dispose();
      return values;
    };
    vi.resetModules();
    vi.doMock('./host.ts', async (original) => ({
      ...(await original<object>()),
      startWorker: () => ({ ready: Promise.resolve(), terminate() {} }),
    }));
    const { CpuDevice: Fresh } = await import('./cpu-device.ts');
    vi.doUnmock('./host.ts');
    const alone = await run(await CpuDevice.create({ threads: 1 }));
    expect(await run(await Fresh.create({ threads: 5, flopsPerThread: 1 }))).toEqual(alone);
  });

  it('answers nothing for programs and devices that were disposed of', async () => {
    for (const background of [false, true]) {
      const device = await CpuDevice.create({ threads: 1, background });
      const w = new Variable([2], { initial: Float32Array.of(1, 2) });
      const load = () =>
        device.load(compile({ outputs: { y: neg(new Input('x', [2])) }, assign: [[w, neg(w)]] }));
      const [program, other] = [await load(), await load()];
      await device.write(w, [5, 6]);
      program.dispose();
      program.dispose();
      const expectDisposed = async ({ input, run, read, profile }: typeof program): Promise<void> => {
        expect(() => input.call(program, 'x')).toThrow('the program was disposed of');
        expect(() => run.call(program)).toThrow('the program was disposed of');
        await expect(async () => read.call(program, 'y')).rejects.toMatchObject({ code: 'device' });
        await expect(profile.call(program)).rejects.toMatchObject({ code: 'device' });
      };
      await expectDisposed(program);
      expect(Array.from(await device.read(w))).toEqual([5, 6]);
      await device.dispose();
      await device.dispose();
      await expectDisposed(program);
      expect(() => other.input('x')).toThrow('the CPU device was disposed of');
      await expect((async () => other.run())()).rejects.toMatchObject({ code: 'device' });
      await expect(async () => other.read('y')).rejects.toMatchObject({ code: 'device' });
      await expect(other.profile()).rejects.toMatchObject({ code: 'device' });
      await expect(device.read(w)).rejects.toMatchObject({ code: 'device' });
      await expect(device.write(w, [1, 2])).rejects.toMatchObject({ code: 'device' });
      await expect(device.evaluate(neg(w))).rejects.toMatchObject({ code: 'device' });
      other.dispose();
    }
  });

  it('gives programs memory of their own, cleared', async () => {
    const device = await CpuDevice.create({ threads: 1 });
    const program = compile({ outputs: { y: neg(new Input('x', [1000])) } });
    const first = await device.load(program);
    first.input('x').fill(7);
    await first.run();
    const kept = await device.load(program);
    first.dispose();
    const second = await device.load(program);
    expect(second.input('x').every((value) => value === 0)).toBe(true);
    second.input('x').fill(1);
    await kept.run();
    expect((await kept.read('y')).every((value) => Object.is(value, -0))).toBe(true);
    await device.dispose();
  });

  it('computes on several devices at once', async () => {
    const devices = await Promise.all(
      [1, 2, 3, 2].map((threads, i) => CpuDevice.create({ threads, flopsPerThread: 1, background: i > 1 })),
    );
    const results = await Promise.all(
      devices.map(async (device) => {
        const program = await device.load(product);
        for (let i = 0; i < 20; i++) await program.run();
        return (await program.read('y')).slice();
      }),
    );
    for (const result of results) expect(result).toEqual(results[0]);
    await Promise.all(devices.map((device) => device.dispose()));
  });

  it.skipIf(library === undefined)(
    'multiplies by BLAS beyond 2 GiB of memory (needs a BLAS library)',
    async () => {
      const device = await CpuDevice.create({ threads: 1, blas: 'auto' });
      const huge = new Variable([2 ** 29 + 2 ** 27]); // 2.5 GiB, of which nobody touches anything but the first page
      await device.load(compile({ outputs: { y: neg(slice(huge, 0, 0, 8)) } }));
      const [a, b] = [matrix(30, 40, 1), matrix(40, 50, 2)];
      const { data } = await device.evaluate(matmul(a, b));
      const own = await CpuDevice.create({ threads: 1 });
      const expected = (await own.evaluate(matmul(a, b))).data;
      data.forEach((value, i) => {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5); // sums of 40 products below 1, in another order
      });
      await device.dispose();
    },
  );
});

/** Bundles a program that imports the library, and runs it with Node. */
async function runBundle(source: string, format: 'esm' | 'cjs'): Promise<string> {
  const outfile = join(folder, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`);
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    outfile,
    format,
    platform: 'node',
    logLevel: 'error',
  });
  return execFileSync(process.execPath, ['--expose-gc', outfile], { encoding: 'utf8', timeout: 60_000 });
}

it('gives its memory back: 250 devices, one after another', { timeout: 60_000 }, async () => {
  const source = `
    import { CpuDevice } from './cpu-device.ts';
    import { matmul } from '../../ops/matmul/matmul.ts';
    import { compile } from '../../program/compile.ts';
    import { Input, Variable } from '../../tensor/tensor.ts';
    const sizes = [];
    for (let i = 1; i <= 250; i++) {
      const device = await CpuDevice.create({ threads: 2, flopsPerThread: 1 });
      const w = new Variable([256, 1024], { initial: new Float32Array(256 * 1024).fill(1) });
      const x = new Input('x', [256, 256]);
      const program = await device.load(compile({ assign: [[w, matmul(x, w)]] }));
      for (let step = 0; step < 2; step++) {
        program.input('x').fill(step);
        await program.run();
      }
      await device.dispose();
      if ([50, 75, 100, 200, 225, 250].includes(i)) sizes.push(await settled());
    }
    // The engine takes its time, the more so on a busy machine.
    async function settled() {
      let least = Infinity;
      for (let look = 0; look < 10; look++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 50));
        least = Math.min(least, process.memoryUsage.rss() / 2 ** 20);
      }
      return least;
    }
    console.log(JSON.stringify(sizes));`;
  const sizes = JSON.parse(await runBundle(source, 'esm')) as number[];
  // A device takes 2 MB here; 150 of them that stayed would be 300. What the engine itself holds comes and goes by up to
  // 60 MB on Node 24, so that the least of three counts.
  const [early, late] = [sizes.slice(0, 3), sizes.slice(3)].map((three) => Math.min(...three)) as [
    number,
    number,
  ];
  expect(late - early).toBeLessThan(40);
});

it.each(['esm', 'cjs'] as const)(
  'runs from a bundle (%s), where import.meta.url may mean nothing',
  async (format) => {
    const source = `
    import { CpuDevice, Variable, ops } from '../../../index.ts';
    CpuDevice.create({ blas: 'auto' })
      .then((device) => device.evaluate(ops.neg(new Variable([2], { initial: Float32Array.of(1, 2) }))))
      .then(({ data }) => console.log(data.join(' ')));`;
    expect((await runBundle(source, format)).trim()).toBe('-1 -2');
  },
);
