import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDevices, checkGradient, extent, RUNS, reference, values } from '../../../testing/check.ts';
import { constant } from '../constant/constant.ts';
import { gelu } from './gelu.ts';

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
        // Enough values that some are of order one: the error is absolute, 4e-7 · |x|.
        await checkDevices((x) => gelu(x!), [values([m, 64 + n], m + n, scale)]);
      }),
      RUNS,
    );
  });
});
