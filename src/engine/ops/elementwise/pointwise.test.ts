import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  cpus,
  extent,
  type Operand,
  RUNS,
  values,
} from '../../../testing/check.ts';
import type { Shape } from '../../tensor/shape.ts';
import { Input, Variable } from '../../tensor/tensor.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { exp, log, neg, relu, reluSquared, sigmoid, sqrt, square, tanh } from './elementwise.ts';

const signed = (shape: Shape, seed: number): Operand => values(shape, seed);
const positive = (shape: Shape, seed: number): Operand => {
  const { data } = values(shape, seed, 3);
  return { shape, data: Float32Array.from(data, (v) => Math.abs(v) + 0.1) };
};

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
/** The largest and the smallest normal float32, and the smallest of all. */
const [HUGE, SMALL, TINY] = [(2 - 2 ** -23) * 2 ** 127, 2 ** -126, 2 ** -149];

/** Each function, the numbers it is tried on, and what it makes of special ones. */
const functions = [
  { op: neg, f: (x: number) => -x, from: signed, special: [[inf, -inf], [nan, nan], [0, -0]] },
  { op: exp, f: Math.exp, from: signed, special: [[inf, inf], [-inf, 0], [nan, nan], [0, 1], [88.8, inf], [-200, 0]] },
  { op: log, f: Math.log, from: positive, special: [[inf, inf], [0, -inf], [-1, nan], [-inf, nan], [nan, nan], [1, 0]] },
  { op: sqrt, f: Math.sqrt, from: positive, special: [[inf, inf], [0, 0], [-1, nan], [nan, nan]] },
  { op: tanh, f: Math.tanh, from: signed, special: [[inf, 1], [-inf, -1], [0, 0], [nan, nan]] },
  { op: relu, f: (x: number) => Math.max(x, 0), from: signed, special: [[inf, inf], [-inf, 0], [nan, nan]] },
  { op: reluSquared, f: (x: number) => Math.max(x, 0) ** 2, from: signed, special: [[inf, inf], [-inf, 0], [nan, nan]] },
  { op: sigmoid, f: (x: number) => 1 / (1 + Math.exp(-x)), from: signed, special: [[inf, 1], [-inf, 0], [nan, nan], [0, 0.5]] },
  { op: square, f: (x: number) => x * x, from: signed, special: [[inf, inf], [-inf, inf], [nan, nan]] },
] as const; // biome-ignore format: a table

describe.each(functions.map((row) => [row.op.name, row] as const))(
  '%s',
  (_name, { op, f, from, special }) => {
    it('has the gradient that finite differences have', async () => {
      await checkGradient(op, [from([5, 7], 1)]);
    });

    it('is the same on every device', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(extent, { maxLength: 3 }), fc.nat(), (shape, seed) =>
          checkDevices(op, [from(shape, seed)]),
        ),
        RUNS,
      );
      await checkDevices(op, [from([100_003], 1)]);
    });

    it('gives the same bits for any number of threads', async () => {
      const x = new Variable([1003], { initial: from([1003], 1).data as Float32Array });
      await checkThreads(op(x), ...grad(sum(op(x)), [x]));
    });

    it('is right to 1e-6 of each value over the range of floats', async () => {
      // Every sign, many exponents and mantissas; without subnormal results, which exp rounds to 0.
      const x = Float32Array.from(
        { length: 40_000 },
        (_, i) => (i % 2 ? -1 : 1) * 2 ** (-30 + (i % 4001) / 100) * (1 + i / 40_000),
      );
      const close = Float32Array.from({ length: 4000 }, (_, i) => 1 + (i - 2000) * 2 ** -20);
      const far = Float32Array.of(87, 88, 88.4, 88.7, -87, 1e-30, 1e30, HUGE, SMALL, TINY, 2 ** -140);
      const all = Float32Array.of(...x, ...close, ...far);
      const input = new Input('x', [all.length]);
      for (const cpu of Object.values(cpus)) {
        const { data } = await cpu.evaluate(op(input), { x: all });
        all.forEach((v, i) => {
          const exact = f(v);
          if (Math.abs(exact) > HUGE || Math.abs(exact) < SMALL || Number.isNaN(exact)) return;
          const error = Math.abs(data[i]! - exact);
          if (!(error <= 1e-6 * Math.abs(exact)))
            expect.fail(`${cpu.simd}: f(${v}) is ${exact}, got ${data[i]}`);
        });
      }
    });

    it('does what IEEE 754 asks of special values', async () => {
      const input = new Input('x', [special.length]);
      for (const cpu of Object.values(cpus)) {
        const { data } = await cpu.evaluate(op(input), { x: special.map(([x]) => x) });
        expect(Array.from(data)).toEqual(special.map(([, y]) => y));
      }
    });

    it('works on f32 alone', () => {
      expect(op.name).not.toBe('');
      expect(() => op(new Input('ids', [3], 'i32'))).toThrow(
        `${op.name}: works on f32 tensors, but was given one of i32`,
      );
    });
  },
);
