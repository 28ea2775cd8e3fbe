import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDevices, checkGradient, extent, RUNS, reference, values } from '../../../testing/check.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { div, gelu } from './elementwise.ts';

describe('gelu', () => {
  it('is x · Φ(x)', async () => {
    // Φ from tables: Φ(1) = 0.8413447460685429, Φ(−3) = 0.0013498980316301
    const { data } = await reference.evaluate(gelu(constant(Float32Array.of(0, 1, -3, 10, -40))));
    expect(data[0]).toBe(0);
    expect(data[1]).toBeCloseTo(0.8413447460685429, 14);
    expect(data[2]).toBeCloseTo(-3 * 0.0013498980316301, 14);
    expect(data[3]).toBeCloseTo(10, 14);
    expect(data[4]).toBeCloseTo(0, 14);
  });

  it('has the right gradient', () => checkGradient((x) => gelu(x!), [values([3, 7], 1, 4)]));

  it('agrees with the reference for all shapes and over the whole range', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, fc.constantFrom(0.1, 1, 5, 50), async (m, n, scale) => {
        // The error of Φ is absolute, so it is Φ, between 0 and 1, that is held against the reference, and the slope.
        const both = (x: Tensor): Tensor[] => [div(gelu(x), x), ...grad(sum(gelu(x)), [x])];
        await checkDevices(both, [values([m, n], m + n, scale)], { gradients: false });
      }),
      RUNS,
    );
  });
});
