import { afterEach, describe, expect, it, vi } from 'vitest';
import { NanobardError } from '../errors.ts';
import { CpuDevice } from './cpu/cpu-device.ts';
import { createDevice } from './create.ts';
import { known } from './known.ts';
import { ShortMemo } from './memo.ts';

afterEach(() => known.clear());

/** A device that says it is a GPU; and what became of it. */
function gpu({ software = false } = {}) {
  const dispose = vi.fn();
  const make = vi.fn(async () => {
    const cpu = await CpuDevice.create({ threads: 1 });
    dispose.mockImplementation(cpu.dispose.bind(cpu));
    return Object.assign(cpu, { name: 'webgpu', adapter: { name: 'fake', software }, dispose });
  });
  known.set('webgpu', make);
  return { make, dispose };
}

const huge = { flopsPerStep: 1e15, instructionsPerStep: 250 };

/** One thread of plain SIMD, so that what was measured for it can be told. */
const processor = { threads: 1, simd: 'simd128', blas: 'off' } as const;
const KEY = 'speed of fake beside 1 threads of simd128 and no BLAS';

/** A GPU ten times as fast, and ten times as slow to start. */
async function measured(): Promise<ShortMemo> {
  const memo = new ShortMemo();
  const speeds = [
    { gflops: 100, msPerLaunch: 0.001 },
    { gflops: 1000, msPerLaunch: 0.01 },
  ];
  await memo.set(KEY, JSON.stringify(speeds));
  return memo;
}

it('webgpu is what was imported', async () => {
  const { make } = gpu();
  const memo = new ShortMemo();
  const device = await createDevice({ device: 'webgpu', memo });
  expect(make).toHaveBeenCalledWith({ memo, dtype: 'f32' });
  expect(device).toHaveProperty('adapter');
  await device.dispose();
});

describe('f16', () => {
  it.each(['cpu', 'reference'] as const)('is refused on %s', async (device) => {
    await expect(createDevice({ device, dtype: 'f16' })).rejects.toMatchObject({
      code: 'device',
      hint: expect.stringContaining('webgpu'),
      options: ['dtype', 'device'],
    });
  });

  it.each(['auto', 'webgpu'] as const)('is asked of the GPU by %s', async (device) => {
    const { make } = gpu({ software: true });
    const memo = new ShortMemo();
    const made = await createDevice({ device, dtype: 'f16', memo });
    expect(make.mock.calls).toEqual([[{ memo, dtype: 'f16' }]]);
    await made.dispose();
  });

  it('has no other name', async () => {
    // @ts-expect-error
    await expect(createDevice({ dtype: 'bf16' })).rejects.toMatchObject({ code: 'argument' });
  });
});

describe('auto', () => {
  it('takes the GPU for work that is faster there, and lets the other go', async () => {
    const memo = await measured();
    // 250 kernels take the CPU 0.25 ms, the GPU 2.5; 40 take the GPU 0.4.
    for (const [flopsPerStep, instructionsPerStep, faster] of [
      [1e6, 250, false],
      [1e11, 250, true],
      [1e8, 250, false],
      [1e8, 40, true],
    ] as const) {
      const { dispose } = gpu();
      const work = { flopsPerStep, instructionsPerStep };
      const device = await createDevice({ ...processor, work: () => work, memo });
      expect('adapter' in device).toBe(faster);
      const name = faster ? 'webgpu' : 'cpu';
      expect(device.notes.at(-1)).toMatch(
        new RegExp(`^auto takes ${name}: .* a step takes about .* ms on cpu, .* ms on fake`),
      );
      expect(dispose).toHaveBeenCalledTimes(faster ? 0 : 1);
      await device.dispose();
    }
  });

  it('looks for no GPU where it does not know the work', async () => {
    const { make } = gpu();
    const device = await createDevice({ threads: 1 });
    expect(device).not.toHaveProperty('adapter');
    expect(make).not.toHaveBeenCalled();
    await device.dispose();
  });

  it('does not take a processor that stands in for a GPU', async () => {
    const { dispose } = gpu({ software: true });
    const device = await createDevice({ ...processor, work: () => huge, memo: await measured() });
    expect(device).not.toHaveProperty('adapter');
    expect(device.notes.at(-1)).toBe(
      'auto takes cpu: WebGPU finds no real GPU here, fake computes on the processor.',
    );
    expect(dispose).toHaveBeenCalledOnce();
    await device.dispose();
  });

  it('does not take a GPU that fails', async () => {
    const { make, dispose } = gpu();
    const { load } = CpuDevice.prototype;
    known.set('webgpu', async () => {
      const device = await make();
      const lost = new NanobardError('device', 'the GPU was lost');
      return Object.assign(device, { load: async () => Promise.reject(lost) });
    });
    const device = await createDevice({ ...processor, work: () => huge, memo: new ShortMemo() });
    expect(device.load).toBe(load);
    expect(device.notes.at(-1)).toBe('auto takes cpu: the GPU was lost.');
    expect(dispose).toHaveBeenCalledOnce();
    await device.dispose();
  });

  it('measures once what it does not know, or cannot read', async () => {
    const memo = new ShortMemo();
    await memo.set(KEY, '[{"gflops":"fast"},{}]');
    const set = vi.spyOn(memo, 'set');
    for (let i = 0; i < 2; i++) {
      gpu();
      const device = await createDevice({ ...processor, work: () => huge, memo });
      await device.dispose();
    }
    expect(set).toHaveBeenCalledOnce();
    const speeds = JSON.parse(set.mock.lastCall![1]);
    expect(speeds).toEqual(
      [0, 1].map(() => ({ gflops: expect.any(Number), msPerLaunch: expect.any(Number) })),
    );
    expect(speeds[0].gflops).toBeGreaterThan(1);
  });
});
