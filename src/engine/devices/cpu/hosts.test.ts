// The device in places other than Node with all it has, imitated here: pages, workers without isolation, strict
// policies. (The real ones are in scripts/ and examples/browser.)
import fs from 'node:fs';
import os from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { values } from '../../../testing/check.ts';
import { add, mul, neg } from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { compile } from '../../program/compile.ts';
import { Input, Variable } from '../../tensor/tensor.ts';
import { createDevice } from '../create.ts';
import type { Device } from '../device.ts';
import { CpuDevice } from './cpu-device.ts';
import { processors, runtime } from './host.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.doUnmock('./worker.generated.ts');
});

/** As where memory cannot be shared. */
function withoutSharedMemory(): void {
  class Memory extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if (descriptor.shared) throw new TypeError('no shared memory');
      super(descriptor);
    }
  }
  const get = (all: typeof WebAssembly, name: string): unknown =>
    name === 'Memory' ? Memory : Reflect.get(all, name);
  vi.stubGlobal('WebAssembly', new Proxy(WebAssembly, { get }));
}

/** As on a page without isolation: there is shared memory, but no worker can have it. */
function withoutIsolation(): void {
  vi.spyOn(globalThis, 'structuredClone').mockImplementation(() => {
    throw new DOMException('SharedArrayBuffer transfer requires self.crossOriginIsolated', 'DataCloneError');
  });
}

/** As on a page's main thread. */
function withoutWaiting(): void {
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    throw new TypeError('Atomics.wait cannot be called in this context');
  });
}

/** Steps of w ← w + x·x on a device; loss and weights after each. */
async function train(device: Device): Promise<number[][]> {
  const w = new Variable([64, 64], { initial: values([64, 64]).data as Float32Array });
  const x = new Input('x', [64, 64]);
  const next = add(w, matmul(x, mul(x, w)));
  const program = await device.load(compile({ outputs: { next, negative: neg(next) }, assign: [[w, next]] }));
  const seen: number[][] = [];
  for (let step = 0; step < 3; step++) {
    program.input('x').set(values([64, 64], step).data);
    await program.run();
    seen.push(Array.from(await program.read('next')), Array.from(await program.read('negative')));
  }
  expect(await program.profile()).toHaveLength(program.program.instructions.length);
  await device.write(
    w,
    (await device.read(w)).map((value) => value + 1),
  );
  // A program that makes the memory grow far beyond what it was.
  const large = await device.load(compile({ outputs: { y: neg(new Input('a', [1 << 20])) } }));
  large.input('a').fill(3);
  await large.run();
  expect((await large.read('y'))[(1 << 20) - 1]).toBe(-3);
  program.input('x').fill(0);
  await program.run();
  seen.push(Array.from(await device.read(w)));
  await device.dispose();
  await expect(async () => program.read('next')).rejects.toMatchObject({ code: 'device' });
  expect(() => program.input('x')).toThrow('disposed of');
  return seen;
}

const here = await train(await CpuDevice.create({ threads: 2, flopsPerThread: 1, background: false }));

describe('CpuDevice', () => {
  it('leaves the calling thread free where that must not wait, and gives the same bits', async () => {
    withoutWaiting();
    const device = await CpuDevice.create({ threads: 2, flopsPerThread: 1 });
    expect(device.threads).toBe(2);
    expect(device.notes).toEqual([]);
    const program = await device.load(compile({ outputs: { y: neg(new Input('x', [2])) } }));
    expect(program.run()).toBeInstanceOf(Promise);
    expect(await train(device)).toEqual(here);
  });

  it.each([
    ['a web worker without isolation', [withoutIsolation], false],
    ['a page without isolation', [withoutIsolation, withoutWaiting], true],
    ['an engine without shared memory', [withoutSharedMemory], false],
  ])('computes on one thread in %s, and says so', async (_, restrictions, background) => {
    for (const restrict of restrictions) restrict();
    const device = await CpuDevice.create({ threads: 4, flopsPerThread: 1 });
    expect(device.threads).toBe(1);
    expect(device.notes).toHaveLength(1);
    expect(device.notes[0]).toMatch(/^One thread: .*cross-origin isolated/);
    const program = await device.load(compile({ outputs: { y: neg(new Input('x', [2])) } }));
    expect(program.run() instanceof Promise).toBe(background);
    expect(await train(device)).toEqual(here);
    expect((await CpuDevice.create({ threads: 1 })).notes).toEqual([]);
  });

  it('computes on the calling thread where no worker may start, and says so', async () => {
    vi.resetModules();
    vi.doMock('./worker.generated.ts', () => ({ workerSource: 'throw new Error("not allowed")' }));
    const { CpuDevice: Restricted } = await import('./cpu-device.ts');
    const device = await Restricted.create({ threads: 2, flopsPerThread: 1, background: true });
    expect(device.threads).toBe(1);
    expect(device.notes).toHaveLength(1);
    expect(device.notes[0]).toMatch(/^One thread.*not allowed.*worker-src/);
    expect(await train(device)).toEqual(here);
  });

  it('says which policy forbids WebAssembly', async () => {
    vi.resetModules();
    const { CpuDevice: Restricted } = await import('./cpu-device.ts');
    const refusal = new WebAssembly.CompileError('blocked by CSP');
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(refusal);
    await expect(Restricted.create()).rejects.toMatchObject({
      code: 'device',
      message: 'this page does not allow WebAssembly: blocked by CSP',
      hint: expect.stringContaining("Content-Security-Policy must allow 'wasm-unsafe-eval'"),
    });
  });

  it('reports from a worker what a program lacks', async () => {
    const device = await CpuDevice.create({ background: true, threads: 1 });
    await expect(
      device.load(compile({ outputs: { y: neg(new Input('x', [2 ** 15, 2 ** 15])) } })),
    ).rejects.toMatchObject({ code: 'memory' });
    expect(await train(device)).toEqual(here);
  });

  it('answers what is under way with an error when it is disposed of', async () => {
    const device = await CpuDevice.create({ background: true });
    const x = new Input('x', [256, 256]);
    const program = await device.load(compile({ outputs: { y: matmul(x, x) } }));
    const run = program.run();
    await device.dispose();
    await expect(run).rejects.toMatchObject({ code: 'device' });
  });
});

describe('createDevice', () => {
  it('makes devices by name', async () => {
    expect((await createDevice()).name).toBe('cpu');
    expect((await createDevice({ device: 'reference' })).name).toBe('reference');
    expect((await createDevice({ device: 'cpu', threads: 1 })).threads).toBe(1);
    await expect(createDevice({ device: 'gpu' as 'cpu' })).rejects.toThrow(
      'there is no device gpu; choose auto, cpu, webgpu or reference',
    );
  });
});

describe('processors', () => {
  it.each([
    ['version 2, half a processor', 1, { '/proc/self/cgroup': '0::/a/b', '/sys/fs/cgroup/a/cpu.max': '50000 100000' }],
    ['version 2, the least of all groups', 3, { '/proc/self/cgroup': '0::/a/b', '/sys/fs/cgroup/a/cpu.max': '350000 100000', '/sys/fs/cgroup/a/b/cpu.max': 'max 100000' }],
    ['version 2 in a container', 2, { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '200000 100000' }],
    ['version 1', 2, { '/proc/self/cgroup': '4:cpu,cpuacct:/docker/x', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '250000', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000' }],
    ['no quota', 8, { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': 'max 100000' }],
    ['no groups at all', 8, {}],
  ] as [string, number, Record<string, string>][])('respects the quota of control groups: %s', (_, count, files) => {
    vi.spyOn(os, 'availableParallelism').mockReturnValue(8);
    vi.spyOn(fs, 'readFileSync').mockImplementation((path) => {
      const text = files[String(path)];
      if (text === undefined) throw new Error(`no file ${path}`);
      return text;
    });
    expect(processors()).toBe(count);
  }); // biome-ignore format: a case a line
});

it('knows which runtime it is in', () => {
  expect(runtime()).toEqual({ name: 'node', version: process.versions.node });
});
