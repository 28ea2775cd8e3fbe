import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  devices,
  extent,
  integers,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { mul } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { embedding } from './lookup.ts';

const build = (weight: Tensor, indices: Tensor): Tensor => embedding(weight, indices);

describe('embedding', () => {
  it('looks rows up', async () => {
    const weight = constant(Float32Array.of(0, 1, 10, 11, 20, 21), [3, 2]);
    const indices = constant(Int32Array.of(2, 0, 2, 1), [2, 2]);
    const y = await reference.evaluate(embedding(weight, indices));
    expect(y.shape).toEqual([2, 2, 2]);
    expect(Array.from(y.data)).toEqual([20, 21, 0, 1, 20, 21, 10, 11]);
  });

  it('has the gradient that finite differences have, also for rows looked up often or never', async () => {
    await checkGradient(build, [values([5, 3], 1), integers([2, 4], 3)]);
    await checkGradient(build, [values([4, 6], 1), integers([], 4)]);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(extent, fc.integer({ min: 1, max: 150 }), extent, extent, async (V, C, b, t) => {
        await checkDevices(build, [values([V, C], 1), integers([b, t], V)]);
      }),
      RUNS,
    );
  });

  it.each([3, 65, 128])('is the same on every device for many tokens, %i wide', async (C) => {
    await checkDevices(build, [values([65, C], 1), integers([3000], 65)]);
  });

  it('gives rows of NaN and no gradient for indices that do not exist', async () => {
    const weight = new Variable([3, 5], { initial: values([3, 5], 1).data });
    const y = embedding(weight, constant(Int32Array.of(3, 1, -1, 2 ** 31 - 1, -(2 ** 31))));
    const weights = constant(
      Float32Array.from({ length: 25 }, (_, i) => i),
      [5, 5],
    );
    const [dweight] = grad(sum(mul(y, weights)), [weight]) as [Tensor];
    for (const device of devices) {
      const rows = Array.from((await device.evaluate(y)).data, Number.isNaN);
      expect(rows).toEqual(Array.from({ length: 25 }, (_, i) => i < 5 || i >= 10));
      const gradient = Array.from((await device.evaluate(dweight)).data);
      expect(gradient).toEqual([0, 0, 0, 0, 0, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0]);
    }
  });

  it('gives the same bits for any number of threads', async () => {
    const weight = new Variable([40, 70], { initial: values([40, 70], 1).data });
    const y = embedding(weight, constant(integers([4000], 40).data));
    await checkThreads(y, ...grad(sum(mul(y, y)), [weight]));
  });

  it('names what does not fit', () => {
    const indices = new Input('indices', [4], 'i32');
    expect(() => embedding(new Input('weight', [3]), indices)).toThrow(
      'embedding: weight must have the shape (V, C) (given (3))',
    );
    expect(() => embedding(new Input('weight', [3, 2]), new Input('x', [4]))).toThrow('indices must be i32');
    expect(() => embedding(new Input('weight', [3, 2], 'i32'), indices)).toThrow('embedding: works on f32');
  });
});
