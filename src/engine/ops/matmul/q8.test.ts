import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkThreads, cpus, extent, RUNS, reference, values } from '../../../testing/check.ts';
import { Input, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { add } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { embedding } from '../lookup/lookup.ts';
import { sum } from '../reduce/reduce.ts';
import { reshape } from '../views/views.ts';
import { linear } from './matmul.ts';
import { q8Variable } from './q8.ts';

const { fround } = Math;

const q8 = (n: number, k: number, seed = 2): Variable =>
  q8Variable([n, k], Float32Array.from(values([n, k], seed).data));

/** The nearest integer, of two the even one. */
function nearest(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** A row as integers of 16 bits at most, such that k products with ±127 do not overflow 32, and what one is worth. */
function integers(row: Float32Array): { steps: number[]; unit: number } {
  const most = Math.min(32767, Math.floor((2 ** 31 - 1) / (127 * row.length)));
  const largest = Math.max(...row.map(Math.abs));
  const factor = fround(most / largest);
  return { steps: Array.from(row, (x) => nearest(fround(x * factor))), unit: fround(largest / most) };
}

/** What `linear` makes of x (m, k) and a weight whose rows are multiples of `units`. */
function product(x: Float32Array, weight: Float32Array, k: number, bias: ArrayLike<number>): number[] {
  const rows = (data: Float32Array): Float32Array[] =>
    Array.from({ length: data.length / k }, (_, i) => data.subarray(i * k, (i + 1) * k));
  const columns = rows(weight).map((row) => {
    const unit = fround(Math.max(...row.map(Math.abs)) / 127);
    return { steps: Array.from(row, (w) => Math.round(w / unit)), unit };
  });
  return rows(x).flatMap((row) => {
    const left = integers(row);
    return columns.map(({ steps, unit }, j) => {
      const total = steps.reduce((sum, w, i) => sum + w * left.steps[i]!, 0);
      return fround(fround(fround(total) * fround(unit * left.unit)) + bias[j]!);
    });
  });
}

describe('linear with a q8 weight', () => {
  it('has the exact sums of integers, on the CPU with any instructions and of any number of rows', async () => {
    const terms = fc.integer({ min: 1, max: 70 });
    await fc.assert(
      fc.asyncProperty(extent, terms, extent, async (m, k, n) => {
        const [x, weight, bias] = [Float32Array.from(values([m, k], 1).data), q8(n, k), values([n], 3).data];
        for (const cpu of Object.values(cpus)) {
          const { data } = await cpu.evaluate(linear(constant(x, [m, k]), weight, constant(bias)));
          expect(Array.from(data)).toEqual(product(x, weight.initial as Float32Array, k, bias));
          cpu.release([weight]);
        }
      }),
      RUNS,
    );
  });

  it('is as near to the floats as its integers are fine, however long the rows', async () => {
    for (const k of [1, 100, 3072, 20_000]) {
      const [x, weight] = [values([5, k], 1), q8(6, k)];
      const stored = constant(await stepsOf(weight), [6, k]);
      const exact = (await reference.evaluate(linear(constant(x.data, x.shape), stored))).data;
      const { data } = await cpus.relaxed.evaluate(linear(constant(x.data, x.shape), weight));
      for (const [at, y] of data.entries()) {
        const row = Float32Array.from(x.data).subarray(k * Math.floor(at / 6), k * Math.floor(at / 6 + 1));
        const w = Array.from(stored.data.subarray(k * (at % 6), k * ((at % 6) + 1)));
        const magnitude = w.reduce((total, value) => total + Math.abs(value), 0);
        const off = 0.5 * integers(row).unit * magnitude * 1.01 + 1e-6 * Math.abs(exact[at]!);
        expect(Math.abs(y - exact[at]!)).toBeLessThanOrEqual(off);
      }
      cpus.relaxed.release([weight]);
    }
  });

  it('is near to what the reference makes of the weights, of any shapes', async () => {
    const scale = fc.constantFrom(1e-20, 0.02, 1, 1e10);
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, scale, async (m, k, n, scale) => {
        const x = constant(values([m, k], 1).data, [m, k]);
        const weight = q8Variable([n, k], values([n, k], 2, scale).data);
        const y = linear(x, weight);
        const [exact, close] = [await reference.evaluate(y), await cpus.simd128.evaluate(y)];
        // Off by half a step of the weights, and of x: 1/254 of the largest, and less.
        for (const [i, value] of close.data.entries())
          expect(Math.abs(value - exact.data[i]!)).toBeLessThanOrEqual(0.0041 * k * scale);
        for (const device of [reference, cpus.simd128]) device.release([weight]);
      }),
      RUNS,
    );
  });

  it('is the same for any number of threads, with what is added', async () => {
    const [x, weight] = [values([33, 67], 1), q8(90, 67)];
    const more = values([33, 90], 4);
    const y = linear(constant(x.data, x.shape), weight);
    await checkThreads(
      y,
      add(constant(more.data, more.shape), y),
      linear(constant(x.data.slice(0, 67), [1, 67]), weight),
    );
    const [sums, plain] = await Promise.all([
      cpus.relaxed.evaluate(add(constant(more.data, more.shape), y)),
      cpus.relaxed.evaluate(y),
    ]);
    expect(Array.from(sums.data)).toEqual(
      Array.from(plain.data, (v, i) => fround(v + fround(more.data[i]!))),
    );
  });

  it('shows what is not finite, and makes zeros of zeros', async () => {
    const weight = q8(5, 20);
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = new Float32Array(40).fill(1).fill(wrong, 3, 4);
      const { data } = await cpus.relaxed.evaluate(linear(constant(x, [2, 20]), weight));
      expect(Array.from(data, Number.isFinite)).toEqual(Array.from(data, (_, i) => i >= 5));
    }
    const zeros = await cpus.relaxed.evaluate(linear(constant(new Float32Array(20), [1, 20]), weight));
    expect(Array.from(zeros.data)).toEqual([0, 0, 0, 0, 0]);
    for (const wrong of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const broken = q8Variable([3, 20], new Float32Array(60).fill(1).fill(wrong, 25, 26));
      for (const rows of [1, 4]) {
        const x = constant(new Float32Array(20 * rows).fill(1), [rows, 20]);
        const { data } = await cpus.relaxed.evaluate(linear(x, broken));
        expect(Array.from(data, Number.isFinite)).toEqual(Array.from(data, (_, i) => i % 3 !== 1));
      }
    }
  });

  it('takes numbers near the ends of what floats can be; the smallest products are zeros', async () => {
    const off = (scale: number): number => 0.01 * scale + 1e-31; // (127 · 32,767) times the smallest normal number
    const ones = Float32Array.of(1, -1, 0.5);
    for (const scale of [1e-45, 3e-45, 1e-40, 1e-38, 1e-30, 1e37]) {
      const scaled = ones.map((x) => x * scale);
      for (const [x, w] of [
        [scaled, ones],
        [ones, scaled],
      ] as const) {
        const weight = q8Variable([1, 3], w);
        const { data } = await cpus.relaxed.evaluate(linear(constant(x, [1, 3]), weight));
        expect(Math.abs(data[0]! - 2.25 * scale)).toBeLessThanOrEqual(off(scale));
        const [first, second] = (await stepsOf(weight)).map((value) => value / w[0]!);
        expect(first! + second!).toBe(0);
        expect(Math.abs(first! - 1)).toBeLessThanOrEqual(scale < 1e-42 ? 1 : 0.01); // the smallest may become 0
      }
    }
  });

  it('of nothing, or with nothing, is nothing', async () => {
    const shapes = [
      [0, 4, 3],
      [2, 4, 0],
    ] as const;
    for (const [m, k, n] of shapes) {
      const y = linear(constant(new Float32Array(m * k), [m, k]), q8Variable([n, k]));
      expect((await cpus.relaxed.evaluate(y)).shape).toEqual([m, n]);
    }
    const none = embedding(q8Variable([0, 4]), constant(Int32Array.of(0)));
    expect((await cpus.relaxed.evaluate(none)).data).toEqual(new Float32Array(4).fill(Number.NaN));
  });
});

/** The values that a q8 variable holds on the CPU. */
async function stepsOf(weight: Variable): Promise<Float32Array> {
  await cpus.relaxed.write(weight, weight.initial!);
  return (await cpus.relaxed.read(weight)) as Float32Array;
}

describe('q8 variables', () => {
  it('are read as whole multiples of a number in each row, and looked up so', async () => {
    for (const [n, k] of [
      [1, 1],
      [5, 16],
      [7, 37],
    ] as const) {
      const weight = q8(n, k);
      const stored = await stepsOf(weight);
      for (let row = 0; row < n; row++) {
        const unit = Math.max(...stored.subarray(row * k, (row + 1) * k).map(Math.abs)) / 127;
        for (let i = row * k; i < (row + 1) * k; i++)
          expect(Math.abs(stored[i]! - weight.initial![i]!)).toBeLessThanOrEqual(0.501 * unit);
      }
      const looked = await cpus.relaxed.evaluate(embedding(weight, constant(Int32Array.of(n - 1, 0, n))));
      expect(Array.from(looked.data)).toEqual([
        ...stored.subarray((n - 1) * k),
        ...stored.subarray(0, k),
        ...Array(k).fill(Number.NaN),
      ]);
      cpus.relaxed.release([weight]);
    }
  });

  it('are matrices, and operands of linear and embedding alone, without gradients', () => {
    const weight = q8(3, 4);
    const x = new Input('x', [2, 4]);
    expect(() => q8Variable([4])).toThrow('cannot have the dtype q8');
    expect(() => q8Variable([2, 3, 4])).toThrow('cannot have the dtype q8');
    for (const columns of [0, 65_537])
      expect(() => q8Variable([3, columns])).toThrow(
        expect.objectContaining({
          code: 'shape',
          message: `a matrix in 8 bits has 1 to 65536 columns, not ${columns}`,
        }),
      );
    expect(() => new Variable([2, 4], { dtype: 'q8' })).toThrow('cannot have the dtype q8');
    expect(() => new Input('x', [2, 4], 'q8')).toThrow('cannot have the dtype q8');
    expect(() => reshape(weight, [12])).toThrow('cannot have the dtype q8');
    const toTrain = expect.objectContaining({ hint: expect.stringContaining('createTraining') });
    expect(() => add(weight, 1)).toThrow('q8');
    expect(() => grad(sum(linear(x, weight)), [weight])).toThrow(toTrain);
  });
});
