import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  extent,
  integers,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { constant, ones, tensor } from '../constant/constant.ts';
import { sum } from '../reduce/reduce.ts';
import { softmax } from '../softmax/softmax.ts';
import { transpose } from '../views/views.ts';
import { causalMask, div, maskedFill, mul, tril } from './elementwise.ts';

describe('maskedFill', () => {
  it('fills where the mask is not zero', async () => {
    const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const y = await reference.evaluate(maskedFill(x, constant(Int32Array.of(0, 1, -1)), 9));
    expect(y.data).toEqual(Float64Array.of(1, 9, 9, 4, 9, 9));
  });

  it('gives no gradient to what it fills', async () => {
    await checkGradient((x, mask) => maskedFill(x, mask, 3), [values([2, 3, 4]), integers([3, 1], 2, 5)]);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, fc.nat(7), async (a, b, c, stretched) => {
        const shape = [a, b, c].map((n, d) => ((stretched >> d) & 1 ? 1 : n));
        await checkDevices((x, mask) => maskedFill(x, mask, -0.75), [values([a, b, c]), integers(shape, 2)]);
        await checkDevices(
          (x, mask) => maskedFill(transpose(x, 0, 2), transpose(mask, 0, 2), 2),
          [values([a, b, c]), integers(shape, 2)],
        );
      }),
      RUNS,
    );
  });

  it('names masks that do not fit', () => {
    const x = new Input('x', [2, 3]);
    expect(() => maskedFill(x, new Input('mask', [2, 2], 'i32'), 0)).toThrow(
      /^maskedFill: extents 2 and 3 of dimension -1/,
    );
    expect(() => maskedFill(x, new Input('mask', [4, 2, 3], 'i32'), 0)).toThrow(
      'maskedFill: a mask (4, 2, 3) is larger than the tensor (2, 3)',
    );
    expect(() => maskedFill(x, x, 0)).toThrow('maskedFill: the mask must be i32, not f32');
  });
});

describe('causalMask', () => {
  it('marks the future', async () => {
    const { shape, data } = await reference.evaluate(causalMask(3));
    expect(shape).toEqual([3, 3]);
    expect(Array.from(data)).toEqual([0, 1, 1, 0, 0, 1, 0, 0, 0]);
  });

  it('makes attention weights that average the past, as in the lecture', async () => {
    const wei = softmax(maskedFill(constant(new Float32Array(9), [3, 3]), causalMask(3), -Infinity));
    const third = 1 / 3;
    expect(Array.from((await reference.evaluate(wei)).data)).toEqual([
      1,
      0,
      0,
      0.5,
      0.5,
      0,
      third,
      third,
      third,
    ]);
  });

  it('lets gradients of masked scores through softmax on every device', async () => {
    const build = (q: Parameters<typeof mul>[0]) => softmax(maskedFill(mul(q, 3), causalMask(17), -Infinity));
    await checkDevices(build, [values([2, 17, 17])]);
  });
});

describe('tril', () => {
  it('keeps what is not above the diagonal, of each matrix', async () => {
    const y = await reference.evaluate(
      tril(
        tensor([
          [
            [1, Infinity, 3],
            [4, 5, Number.NaN],
          ],
          [
            [1, 1, 1],
            [2, 2, 2],
          ],
        ]),
      ),
    );
    expect(y.toArray()).toEqual([[[1, 0, 0], [4, 5, 0]], [[1, 0, 0], [2, 2, 0]]]); // biome-ignore format: rows
    await checkGradient(tril, [values([2, 3, 4])]);
  });

  it("makes the tutorial's averages of the past in two lines", async () => {
    const wei = tril(ones([3, 3]));
    const averages = await reference.evaluate(div(wei, sum(wei, 1, { keepDims: true })));
    expect(averages.toArray()).toEqual([[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]]); // biome-ignore format: rows
  });

  it('needs a matrix', () => {
    expect(() => tril(new Input('x', [3]))).toThrow('tril: x must be at least a matrix (given (3))');
  });
});
