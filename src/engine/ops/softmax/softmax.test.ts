import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  devices,
  extent,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { mul } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { concat, reshape } from '../views/views.ts';
import { softmax } from './softmax.ts';

/**
 * y and the gradient of a weighted sum of y, as one: a gradient alone may consist of differences so small
 * that only rounding is left of them.
 */
function beside(x: Tensor, y: Tensor): Tensor {
  const weights = constant(values(y.shape, 77).data, y.shape);
  const gradient = grad(sum(mul(y, weights)), [x])[0]!;
  return concat([reshape(y, [-1]), reshape(gradient, [-1])]);
}

describe('softmax', () => {
  it('is eˣ / Σ eˣ', async () => {
    const x = new Input('x', [2, 2]);
    const rows = await reference.evaluate(softmax(x), { x: [0, Math.log(3), 1000, 1000] });
    const columns = await reference.evaluate(softmax(x, 0), {
      x: [0, Math.log(3), Math.log(4), Math.log(3)],
    });
    expectNear(rows.data, [0.25, 0.75, 0.5, 0.5]);
    expectNear(columns.data, [0.2, 0.5, 0.8, 0.5]);
  });

  it('has the gradient that finite differences have', async () => {
    await checkGradient((x) => softmax(x), [values([2, 3, 5], 1, 2)]);
    await checkGradient((x) => softmax(x, 1), [values([2, 4, 3], 1, 2)]);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(extent, extent, extent), fc.nat(2), fc.nat(), async (shape, dim, seed) => {
        await checkDevices((x) => beside(x, softmax(x, dim)), [values(shape, seed, 5)], { gradients: false });
      }),
      RUNS,
    );
    await checkDevices((x) => beside(x, softmax(x)), [values([96, 257], 1, 20)], { gradients: false });
  });

  it('takes −∞ for what is masked, and is NaN where all is', async () => {
    const x = new Input('x', [3, 5]);
    const data = [
      0,
      -Infinity,
      0,
      -Infinity,
      0,
      ...new Array(5).fill(-Infinity),
      -Infinity,
      -Infinity,
      -Infinity,
      -Infinity,
      7,
    ];
    const third = 1 / 3;
    for (const device of devices) {
      const y = await device.evaluate(softmax(x), { x: data });
      expectNear(y.data, [third, 0, third, 0, third, ...new Array(5).fill(Number.NaN), 0, 0, 0, 0, 1]);
    }
  });

  it('keeps NaN within its row', async () => {
    const x = new Input('x', [2, 3]);
    for (const device of devices) {
      const y = await device.evaluate(softmax(x), { x: [1, Number.NaN, 2, 3, 3, 3] });
      expectNear(y.data, [Number.NaN, Number.NaN, Number.NaN, 1 / 3, 1 / 3, 1 / 3]);
    }
  });

  it('names what does not fit', () => {
    expect(() => softmax(new Input('x', [2, 3]), 2)).toThrow(
      'softmax: dimension 2 does not exist in a tensor of rank 2',
    );
    expect(() => softmax(new Input('x', []))).toThrow(
      'softmax: dimension -1 does not exist in a tensor of rank 0',
    );
    expect(() => softmax(new Input('ids', [2], 'i32'))).toThrow('softmax: works on f32 tensors');
  });
});

function expectNear(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((e, i) => {
    if (Number.isNaN(e)) expect(actual[i]).toBeNaN();
    else expect(actual[i]).toBeCloseTo(e, 6);
  });
}
