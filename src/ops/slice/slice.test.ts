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
} from '../../testing/check.ts';
import { constant } from '../constant/constant.ts';
import { transpose } from '../transpose/transpose.ts';
import { pad, slice } from './slice.ts';

/** A shape, one of its dimensions, and two places in that, in order. */
const part = fc
  .tuple(fc.array(extent, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(), fc.nat())
  .map(([shape, d, a, b]) => {
    const dim = d % shape.length;
    const places = [a % (shape[dim]! + 1), b % (shape[dim]! + 1)].sort((p, q) => p - q) as [number, number];
    return [shape, dim, ...places] as const;
  });

describe('slice', () => {
  const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);

  it('takes a part of one dimension', async () => {
    const y = await reference.evaluate(slice(x, 1, 1, 3));
    expect(y).toEqual({ shape: [2, 2], data: Float64Array.of(2, 3, 5, 6) });
    expect((await reference.evaluate(slice(x, 0, 1))).data).toEqual(Float64Array.of(4, 5, 6));
    expect((await reference.evaluate(slice(x, -1, -1))).data).toEqual(Float64Array.of(3, 6));
    expect((await reference.evaluate(slice(x, 1, 0, -2))).data).toEqual(Float64Array.of(1, 4));
  });

  it('has the gradient that finite differences have', async () => {
    await checkGradient((a) => slice(a, 1, 1, 3), [values([2, 5, 3])]);
    await checkGradient((a) => slice(transpose(a, 0, 1), 1, 1), [values([3, 4])]);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(part, ([shape, dim, start, end]) =>
        checkDevices((a) => slice(a, dim, start, end), [values(shape)]),
      ),
      RUNS,
    );
  });

  it('names a part that lies outside', () => {
    expect(() => slice(x, 1, 2, 4)).toThrow('slice: 2 to 4 does not lie within dimension 1 (given (2, 3))');
    expect(() => slice(x, 1, 2, 1)).toThrow('slice: 2 to 1 does not lie within dimension 1');
    expect(() => slice(x, 1, -4)).toThrow('slice: -4 to 3 does not lie within dimension 1');
    expect(() => slice(x, 2, 0)).toThrow('slice: dimension 2 does not exist');
  });
});

describe('pad', () => {
  it('puts zeros around a dimension', async () => {
    const x = constant(Int32Array.of(1, 2, 3, 4), [2, 2]);
    expect((await reference.evaluate(pad(x, 1, 1, 2))).data).toEqual(
      Float64Array.of(0, 1, 2, 0, 0, 0, 3, 4, 0, 0),
    );
    await checkGradient((a) => pad(a, 1, 2, 1), [values([2, 3, 2])]);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(part, async ([shape, dim, before, after]) => {
        await checkDevices((a) => pad(a, dim, before, after), [values(shape)]);
      }),
      RUNS,
    );
    await checkDevices((a) => pad(a, 0, 3, 1), [integers([3, 5], 9)], { gradients: false, tolerance: 0 });
  });
});
