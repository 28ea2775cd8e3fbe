import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  extent,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { placedOnCpu } from '../../../testing/program.ts';
import { compile } from '../../program/compile.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { add, div, mul, sqrt, square, sub } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { mean, sum } from '../reduce/reduce.ts';
import { split } from '../views/split.ts';
import { reshape, slice, transpose } from '../views/views.ts';
import { rmsNorm } from './norm.ts';

const build = (x: Tensor): Tensor => rmsNorm(x);

/**
 * One element alone becomes −1 or 1 whatever it is: its gradient is what rounding leaves of two equal numbers, divided by
 * the element, which may be small.
 */
const toleranceFor = (width: number): number => (width === 1 ? 1e-4 : 1e-6);

/** Queries, keys and values of 3 heads as a fused product lays them out: x (B, T, 3 · 3 · D) → (B, T, 3, D) each. */
const heads = (x: Tensor): Tensor[] => {
  const [B, T, C] = x.shape as [number, number, number];
  return split(x, C / 3, -1).map((y) => reshape(y, [B, T, 3, C / 9]));
};

describe('rmsNorm', () => {
  it('has the gradient that finite differences have', async () => {
    await checkGradient(build, [values([3, 2, 5], 1)]);
    await checkGradient(build, [values([7], 2)]);
    await checkGradient((x) => rmsNorm(x, 0.5), [values([4, 9], 3)]);
    await checkGradient((x) => heads(x).map(build), [values([2, 2, 18], 4)]);
  });

  it('is what the general operations say, for any epsilon', async () => {
    const composed = (x: Tensor): Tensor => div(x, sqrt(add(mean(square(x), -1, { keepDims: true }), 0.25)));
    const x = constant(values([4, 7]).data, [4, 7]);
    for (const value of (await reference.evaluate(sub(rmsNorm(x, 0.25), composed(x)))).data)
      expect(Math.abs(value)).toBeLessThan(1e-14);
    const { data } = await reference.evaluate(rmsNorm(constant(Float32Array.of(3, -4, 0, 0))));
    [1.2, -1.6, 0, 0].forEach((value, i) => {
      expect(data[i]).toBeCloseTo(value, 6);
    });
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, async (a, b, width) => {
        await checkDevices(build, [values([a, b, width], a + b)], { tolerance: toleranceFor(width) });
      }),
      RUNS,
    );
    await checkDevices(build, [values([5, 301, 63], 1)]);
  });

  it('reads rows where they lie', async () => {
    const x = new Input('x', [2, 5, 36]);
    const program = placedOnCpu(compile({ outputs: { q: rmsNorm(heads(x)[0]!), k: rmsNorm(heads(x)[1]!) } }));
    expect(program.instructions.map(({ op }) => op)).toEqual(['rms-norm', 'rms-norm']);
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, async (B, T, D) => {
        await checkDevices((x) => heads(x).map(build), [values([B, T, 9 * D])], {
          tolerance: toleranceFor(D),
        });
      }),
      RUNS,
    );
    // Columns lie apart and are copied; five loops are more than a kernel has.
    await checkDevices((x) => rmsNorm(transpose(x, 0, 1)), [values([6, 17])]);
    const part = (x: Tensor): Tensor => [0, 1, 2, 3, 4].reduce((y, dim) => slice(y, dim, 1), x);
    await checkDevices((x) => rmsNorm(part(x)), [values([3, 3, 4, 3, 7])]);
    await checkDevices((x) => rmsNorm(transpose(part(x), 1, 3)), [values([3, 3, 4, 3, 7])]);
  });

  it('knows rows of zeros, and rows far from one', async () => {
    await checkDevices((x) => rmsNorm(mul(x, 0)), [values([3, 5])]);
    await checkDevices((x) => rmsNorm(mul(x, 1e4)), [values([3, 50])]);
  });

  it('gives the same bits for any number of threads', async () => {
    const x = new Variable([110, 10, 33], { initial: values([110, 10, 33], 1).data });
    const y = rmsNorm(slice(x, 1, 2));
    await checkThreads(y, ...grad(sum(mul(y, slice(x, 1, 0, 8))), [x]));
  });

  it('names what does not fit', () => {
    for (const shape of [[], [3, 0]])
      expect(() => rmsNorm(new Input('x', shape))).toThrow('rmsNorm: x needs rows of at least one element');
    expect(() => rmsNorm(new Input('ids', [3], 'i32'))).toThrow('rmsNorm: works on f32 tensors');
  });
});
