import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  extent,
  integers,
  type Operand,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import type { Shape } from '../../tensor/shape.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { permute } from '../views/views.ts';
import { add, div, mul, sub } from './elementwise.ts';

/** Values away from zero, so that a quotient stays tame. */
function divisors(shape: Shape, seed: number): Operand {
  const { data } = values(shape, seed);
  return { shape, data: Float32Array.from(data, (v) => v + Math.sign(v)) };
}

/** A shape, and two shapes that broadcast to it. */
const broadcasting = fc
  .array(fc.tuple(extent, fc.constantFrom('both', 'left', 'right')), { maxLength: 4 })
  .chain((dims) => fc.tuple(fc.constant(dims), fc.nat(dims.length), fc.boolean()))
  .map(([dims, drop, dropLeft]): [Shape, Shape] => {
    const a = dims.map(([n, side]) => (side === 'right' ? 1 : n));
    const b = dims.map(([n, side]) => (side === 'left' ? 1 : n));
    return dropLeft ? [a.slice(drop), b] : [a, b.slice(drop)];
  })
  .filter(([a, b]) => [...a, ...b].reduce((x, y) => x * y, 1) < 1e6);

describe.each([
  ['add', add],
  ['sub', sub],
  ['mul', mul],
  ['div', div],
] as const)('%s', (_name, op) => {
  it('has the gradient that finite differences have, reduced where operands stretch', async () => {
    await checkGradient(op, [values([3, 4], 1), divisors([3, 4], 2)]);
    await checkGradient(op, [values([2, 1, 3], 1), divisors([4, 1], 2)]);
    await checkGradient(op, [values([], 1), divisors([2, 3], 2)]);
  });

  it('is the same on every device for shapes that broadcast', async () => {
    await fc.assert(
      fc.asyncProperty(broadcasting, fc.nat(), async ([a, b], seed) => {
        // Not the gradients: they are of the same operations, and a sum of terms that cancel has no digits.
        await checkDevices(op, [values(a, seed), divisors(b, seed + 1)], { gradients: false });
      }),
      RUNS,
    );
  });

  it('reads operands of any strides', async () => {
    const shuffled = (a: Tensor, b: Tensor): Tensor => op(permute(a, [3, 1, 0, 2]), permute(b, [0, 2, 3, 1]));
    await checkDevices(shuffled, [values([5, 3, 7, 2], 1), divisors([2, 7, 3, 5], 2)]);
  });

  it('reads operands that take more than four loops', async () => {
    const shapes: [Shape, Shape] = [
      [3, 1, 2, 1, 5, 1],
      [1, 4, 1, 3, 1, 2],
    ];
    await checkDevices(op, [values(shapes[0], 1), divisors(shapes[1], 2)], { gradients: false });
  });

  it('takes numbers as scalars on either side', async () => {
    await checkDevices((x) => [op(x, 2.5), op(-0.5, x)], [divisors([3, 17], 1)]);
  });

  it('is the same on every device for a long array', async () => {
    await checkDevices(op, [values([100_003], 1), divisors([100_003], 2)]);
  });
});

describe('arithmetic', () => {
  it('computes what the signs say', async () => {
    const a = constant(Float32Array.of(1, 2, 3));
    const b = constant(Float32Array.of(4, 5, 8));
    const compute = async (x: Tensor): Promise<number[]> => Array.from((await reference.evaluate(x)).data);
    expect(await compute(add(a, b))).toEqual([5, 7, 11]);
    expect(await compute(sub(a, b))).toEqual([-3, -3, -5]);
    expect(await compute(mul(a, b))).toEqual([4, 10, 24]);
    expect(await compute(div(a, b))).toEqual([0.25, 0.4, 0.375]);
  });

  it('adds and multiplies integers exactly', async () => {
    const large = { shape: [3], data: Int32Array.of(2 ** 30 + 1, -5, 7), dtype: 'i32' } as const;
    const exact = { gradients: false, tolerance: 0 };
    await checkDevices((a, b) => add(add(a, 3), b), [large, integers([2, 1], 9)], exact);
    const factors = { shape: [3], data: Int32Array.of(46_341, -46_339, 0), dtype: 'i32' } as const;
    await checkDevices((a) => [mul(a, 46_339), mul(-3, a)], [factors], exact);
    await checkDevices(mul, [integers([3, 1, 17], 90, 1), integers([5, 1], 90, 2)], exact);
  });

  it('names the shapes that do not broadcast', () => {
    const a = new Input('a', [3, 4]);
    const b = new Input('b', [2, 4]);
    expect(() => add(a, b)).toThrow(
      'add: extents 3 and 2 of dimension -2 do not broadcast; they must be equal or 1 (given (3, 4) and (2, 4))',
    );
    expect(() => div(a, b)).toThrow(/^div: /);
  });

  it('refuses mixed types and fractions of integers', () => {
    const x = new Input('x', [3]);
    const ids = new Input('ids', [3], 'i32');
    expect(() => add(x, ids)).toThrow('add: cannot combine f32 with i32');
    expect(() => add(ids, 0.5)).toThrow('add: cannot combine i32 with the fraction 0.5');
    expect(() => mul(x, ids)).toThrow('mul: cannot combine f32 with i32');
    expect(() => mul(ids, 0.5)).toThrow('mul: cannot combine i32 with the fraction 0.5');
    expect(() => div(ids, ids)).toThrow('div: works on f32 tensors, but was given one of i32');
  });
});
