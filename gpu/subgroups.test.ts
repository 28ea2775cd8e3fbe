// Reductions with subgroups, where the adapter has them, and without: with the threads of an adapter in software, and of a
// real one.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebGpuDevice } from '../src/engine/devices/webgpu/webgpu-device.ts';
import * as ops from '../src/engine/ops/index.ts';
import { type Build, checkDevices, integers, type Operand, values } from '../src/testing/check.ts';
import { device, posing, withoutSubgroups } from './support/adapter.ts';

const cases: readonly (readonly [name: string, build: Build, operands: readonly Operand[]])[] = [
  ['layerNorm', (x, w) => ops.layerNorm(x!, w!), [values([5, 333], 1), values([333], 2)]],
  ['rmsNorm', (x) => ops.rmsNorm(x!), [values([5, 333], 1)]],
  ['softmax', (x) => ops.softmax(x!), [values([5, 333], 1, 5)]],
  ['crossEntropy', (x, y) => ops.crossEntropy(x!, y!), [values([40, 333], 1, 5), integers([40], 333)]],
  ['sum', (x) => ops.sum(x!), [values([5, 333], 1)]],
];

let plain: WebGpuDevice;
let real: WebGpuDevice;

beforeAll(async () => {
  plain = await WebGpuDevice.create({ gpu: withoutSubgroups });
  real = await WebGpuDevice.create({ gpu: posing });
});

afterAll(async () => {
  await plain?.dispose();
  await real?.dispose();
});

it('an adapter tells how large its subgroups are', () => {
  expect(plain.adapter.subgroup).toBe(0);
  if (device.adapter.features.includes('subgroups')) expect(device.adapter.subgroup).toBeGreaterThan(0);
  else expect(device.adapter.subgroup).toBe(0);
});

it.each(cases)('%s', async (_name, build, operands) => {
  for (const where of [device, plain, real])
    await checkDevices(build, operands, { tolerance: 1e-5, device: where });
});

it('globalNorm, finite and not', async () => {
  const build: Build = (x, y) => ops.globalNorm([x!, y!]);
  for (const where of [device, plain, real]) {
    const check = { tolerance: 3e-6, gradients: false, device: where };
    await checkDevices(build, [values([5000], 1), values([3, 4], 2)], check);
    const infinite = ops.constant(Float32Array.of(1, Number.POSITIVE_INFINITY));
    expect((await where.evaluate(ops.globalNorm([infinite]))).data[0]).toBeNaN();
  }
});

it('gives the same bits each time', async () => {
  const [x] = [values([40, 333], 7, 3)].map(({ shape, data }) => ops.constant(data, shape));
  const softmax = ops.softmax(x!);
  for (const where of [device, real]) {
    const runs = [];
    for (let i = 0; i < 5; i++) runs.push((await where.evaluate(softmax)).data);
    for (const other of runs.slice(1)) expect(other).toEqual(runs[0]);
  }
});
