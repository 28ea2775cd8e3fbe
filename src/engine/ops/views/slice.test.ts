import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  extent,
  integers,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { placedOnCpu } from '../../../testing/program.ts';
import { compile } from '../../program/compile.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { add, mul } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { pad, shift, slice, transpose } from './views.ts';

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
    expect(y).toMatchObject({ shape: [2, 2], data: Float64Array.of(2, 3, 5, 6) });
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

  it('cuts off where a number is negative, and fills with any value', async () => {
    const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    expect((await reference.evaluate(pad(x, 1, -1, 1, 0.5))).data).toEqual(
      Float64Array.of(2, 3, 0.5, 5, 6, 0.5),
    );
    expect((await reference.evaluate(pad(x, 1, 2, -2))).data).toEqual(Float64Array.of(0, 0, 1, 0, 0, 4));
    expect((await reference.evaluate(pad(x, -1, -1, -1))).data).toEqual(Float64Array.of(2, 5));
    for (const [before, after] of [
      [-1, 2],
      [2, -1],
      [-1, -1],
      [4, -5],
      [-5, 4],
    ] as const)
      await checkGradient((a) => pad(a, 1, before, after, 3), [values([2, 3, 2])]);
  });

  it('is the same on every device whatever is added and cut off', async () => {
    const amount = fc.integer({ min: -40, max: 40 });
    await fc.assert(
      fc.asyncProperty(part, amount, amount, async ([shape, dim], before, after) => {
        fc.pre(shape[dim]! + before + after >= 0);
        await checkDevices((a) => pad(a, dim, before, after, -0.75), [values(shape)]);
      }),
      RUNS,
    );
    const far = { gradients: false, tolerance: 0 };
    for (const before of [1e7, -1e7])
      await checkDevices((a) => pad(a, 1, before, -before, 7), [integers([3, 5], 9)], far);
  });

  it('names what cannot be done', () => {
    const x = new Input('x', [2, 3]);
    expect(() => pad(x, 1, -2, -2)).toThrow('pad: dimension 1 cannot grow by -2 and -2 (given (2, 3))');
    expect(() => pad(x, 1, 0.5, 0)).toThrow('pad: dimension 1 cannot grow by 0.5 and 0');
    expect(() => pad(x, 2, 1, 1)).toThrow('pad: dimension 2 does not exist');
    expect(() => pad(new Input('ids', [3], 'i32'), 0, 1, 0, 0.5)).toThrow(
      'pad: cannot fill i32 with the fraction 0.5',
    );
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

describe('shift', () => {
  it('gives each token what the token before it had', async () => {
    const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), [2, 3, 2]);
    const y = await reference.evaluate(shift(x, 1));
    expect(y).toMatchObject({ shape: [2, 3, 2], data: Float64Array.of(0, 0, 1, 2, 3, 4, 0, 0, 7, 8, 9, 10) });
    const next = await reference.evaluate(shift(x, 1, -2, -1));
    expect(next.data).toEqual(Float64Array.of(5, 6, -1, -1, -1, -1, 11, 12, -1, -1, -1, -1));
    await checkGradient((a) => shift(a, 1), [values([2, 4, 3])]);
    await checkGradient((a) => shift(a, 0, -2), [values([5, 3])]);
  });

  it('is one pass, forwards and backwards', () => {
    const x = new Input('x', [2, 4, 3]);
    const y = shift(x, 1);
    const program = placedOnCpu(compile({ outputs: { y, dx: grad(sum(mul(y, x)), [x])[0]! } }));
    expect(program.instructions.filter(({ op }) => op === 'pad')).toHaveLength(2);
    expect(program.instructions.some(({ op }) => op === 'contiguous')).toBe(false);
  });

  it('is the same on every device, and for any number of threads', async () => {
    await fc.assert(
      fc.asyncProperty(part, fc.integer({ min: -5, max: 40 }), ([shape, dim], by) =>
        checkDevices((a) => shift(a, dim, by), [values(shape)]),
      ),
      RUNS,
    );
    await checkThreads(shift(constant(values([7, 65, 33]).data, [7, 65, 33]), 1));
  });

  it('makes pairs of tokens', async () => {
    const pairs = (ids: Tensor): Tensor => add(mul(shift(ids, 1, 1, 4), 5), ids);
    const ids = constant(Int32Array.of(3, 1, 2, 0, 4, 1), [2, 3]);
    expect((await reference.evaluate(pairs(ids))).data).toEqual(Float64Array.of(23, 16, 7, 20, 4, 21));
    await checkDevices(pairs, [integers([3, 17], 5)], { gradients: false, tolerance: 0 });
  });
});
