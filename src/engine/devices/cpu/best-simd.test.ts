import { describe, expect, it, vi } from 'vitest';
import { compile } from '../../program/compile.ts';
import type { CompiledProgram } from '../../program/program.ts';
import { fasterOf } from './best-simd.ts';
import { CpuDevice } from './cpu-device.ts';
import type { SimdLevel } from './simd.ts';

/** A device whose programs take three times as long if its build is the slow one. */
async function deviceOf(simd: SimdLevel, slow: SimdLevel): Promise<CpuDevice> {
  const device = await CpuDevice.create({ simd: 'simd128', threads: 1, background: false });
  const load = device.load.bind(device);
  device.load = async (program: CompiledProgram) => {
    const executable = await load(program);
    const run = executable.run.bind(executable);
    if (simd === slow) executable.run = () => [run(), run(), run()][0];
    return executable;
  };
  return device;
}

describe('fasterOf', () => {
  it.each(['wide', 'relaxed'] as const)('never chooses a build that is slower: %s', async (slow) => {
    const fast = slow === 'wide' ? 'relaxed' : 'wide';
    expect(await fasterOf('wide', 'relaxed', (simd) => deviceOf(simd, slow))).toBe(fast);
    expect(await fasterOf('relaxed', 'wide', (simd) => deviceOf(simd, slow))).toBe(fast);
  });

  it.each([1, 2])('leaves no device behind, where %i can be made', async (most) => {
    const devices: CpuDevice[] = [];
    const chosen = fasterOf('wide', 'relaxed', async (simd) => {
      if (devices.length === most) throw new Error('no more memory');
      devices.push(await deviceOf(simd, 'wide'));
      return devices.at(-1)!;
    });
    if (most === 1) await expect(chosen).rejects.toThrow('no more memory');
    else expect(await chosen).toBe('relaxed');
    expect(devices).toHaveLength(most);
    const nothing = compile({ outputs: {} });
    for (const device of devices) await expect(device.load(nothing)).rejects.toThrow('disposed of');
  });
});

describe('bestSimd', () => {
  it('measures once, and again after it failed', async () => {
    vi.resetModules();
    vi.doMock('./host.ts', async (original) => ({
      ...(await original<typeof import('./host.ts')>()),
      joinsVectors: () => true,
    }));
    const { bestSimd } = await import('./best-simd.ts');
    const broken = async (): Promise<CpuDevice> => Promise.reject(new Error('no more memory'));
    await expect(bestSimd(broken)).rejects.toThrow('no more memory');
    const create = vi.fn((simd: SimdLevel) => deviceOf(simd, 'wide'));
    expect(await bestSimd(create)).toBe('relaxed');
    expect(await bestSimd(broken)).toBe('relaxed');
    expect(create).toHaveBeenCalledTimes(2);
  });
});
