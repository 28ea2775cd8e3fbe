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
import { type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { div, gelu, geluTanh } from './elementwise.ts';

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

it('has the slope of gelu to 1e-6, or 1e-7 where it is small, at each of many points', async () => {
  const x = constant(Float32Array.from({ length: 160_001 }, (_, i) => (i - 80_000) / 10_000));
  const slope = grad(sum(gelu(x)), [x])[0]!;
  const { data: expected } = await reference.evaluate(slope);
  for (const device of devices) {
    const { data } = await device.evaluate(slope);
    let worst = 0;
    for (const [i, value] of expected.entries())
      worst = Math.max(worst, Math.abs(data[i]! - value) / Math.max(Math.abs(value), 0.1));
    expect(worst).toBeLessThan(1e-6);
  }
});

it('keeps NaN in the slope of gelu', async () => {
  const x = constant(Float32Array.of(1, Number.NaN, -1));
  const [slope] = grad(sum(gelu(x)), [x]);
  for (const device of devices)
    expect([...(await device.evaluate(slope!)).data].map(Number.isNaN)).toEqual([false, true, false]);
});

describe('gelu by tanh', () => {
  it("is PyTorch's gelu(x, approximate='tanh')", async () => {
    // What PyTorch 2.13 computes in double precision, and its derivatives.
    const x = constant(Float32Array.of(1, -3, 0.5, -0.75, 6));
    const expected = {
      y: [
        0.8411919906082768, -0.0036373920817729943, 0.34571400982514394, -0.17003944483437966,
        5.9999999999156035,
      ],
      dx: [
        1.0829640838457826, -0.011584166630969648, 0.8673699035346424, 0.001061743862585618,
        1.0000000007709977,
      ],
    };
    const input = new Variable([5], { initial: x.data as Float32Array });
    const outputs = { y: geluTanh(input), dx: grad(sum(geluTanh(input)), [input])[0]! };
    for (const name of ['y', 'dx'] as const) {
      const { data } = await reference.evaluate(outputs[name]);
      for (const [i, value] of expected[name].entries()) expect(data[i]).toBeCloseTo(value, 12);
    }
  });

  it('has the right gradient', () => checkGradient((x) => geluTanh(x!), [values([3, 7], 1, 4)]));

  it('agrees with the reference for all shapes and over the whole range', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, fc.constantFrom(0.1, 1, 5, 50, 1e20), async (m, n, scale) => {
        const both = (x: Tensor): Tensor[] => [div(geluTanh(x), x), ...grad(sum(geluTanh(x)), [x])];
        await checkDevices(both, [values([m, n], m + n, scale)], { gradients: false });
      }),
      RUNS,
    );
  });
});
