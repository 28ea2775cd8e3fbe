// Weights in 8 bits, which the GPU holds as f32.
import { expect, it } from 'vitest';
import { constant, embedding, linear } from '../src/engine/ops/index.ts';
import { q8Variable } from '../src/engine/ops/matmul/q8.ts';
import type { Tensor } from '../src/engine/tensor/index.ts';
import { values } from '../src/testing/check.ts';
import { device } from './support/adapter.ts';

it('reads weights in 8 bits as the floats that they are given as', async () => {
  const shape = [5, 7];
  const weight = q8Variable(shape, values(shape, 1).data);
  const floats = constant(values(shape, 1).data, shape);
  const x = constant(values([3, 7], 2).data, [3, 7]);
  const builds = [(w: Tensor) => linear(x, w), (w: Tensor) => embedding(w, constant(Int32Array.of(4, 1, 0)))];
  for (const of of builds)
    expect((await device.evaluate(of(weight))).data).toEqual((await device.evaluate(of(floats))).data);
  expect(await device.read(weight)).toEqual(weight.initial);
  device.release([weight]);
});
