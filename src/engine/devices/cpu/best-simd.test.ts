import { describe, expect, it } from 'vitest';
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

  it('leaves no device behind', async () => {
    const devices: CpuDevice[] = [];
    await fasterOf('wide', 'relaxed', async (simd) => {
      devices.push(await deviceOf(simd, 'wide'));
      return devices.at(-1)!;
    });
    expect(devices).toHaveLength(2);
    const nothing = compile({ outputs: {} });
    for (const device of devices) await expect(device.load(nothing)).rejects.toThrow('disposed of');
  });
});
