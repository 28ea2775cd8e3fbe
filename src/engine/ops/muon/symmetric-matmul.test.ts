import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDevices, checkThreads, cpus, devices, extent, RUNS, values } from '../../../testing/check.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { slice, transpose } from '../views/views.ts';
import { symmetricMatmul, symmetricPolynomial } from './muon.ts';

const swap = (x: Tensor): Tensor => transpose(x, 1, 2);
const gram = (x: Tensor): Tensor => symmetricMatmul(x, swap(x));
const terms = { alpha: 3, beta: -0.5, gamma: 2 };
const forward = { gradients: false } as const;

/** Some that fit in a task (48 rows), some that need several, and some whose last one is cut. */
const size = fc.oneof(extent, fc.constantFrom(48, 49, 53, 64, 96, 101));

describe('symmetricMatmul and symmetricPolynomial', () => {
  it('are A · B and α · I + β · A + γ · A²', async () => {
    const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]);
    for (const device of devices) {
      expect(Array.from((await device.evaluate(gram(x))).data)).toEqual([14, 32, 32, 77]);
      const a = constant(Float32Array.of(1, 2, 2, 5), [1, 2, 2]);
      const square = [5, 12, 12, 29]; // A²
      const expected = [3 - 0.5 + 2 * 5, -1 + 2 * 12, -1 + 2 * 12, 3 - 2.5 + 2 * 29];
      expect(Array.from((await device.evaluate(symmetricMatmul(a, a))).data)).toEqual(square);
      expect(Array.from((await device.evaluate(symmetricPolynomial(a, terms))).data)).toEqual(expected);
    }
  });

  it('are the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), size, size, async (n, r, k) => {
        const x = values([n, r, k], n + r + k, 1 / Math.sqrt(k));
        await checkDevices((a) => symmetricMatmul(a!, swap(a!)), [x], forward);
        await checkDevices((a) => symmetricMatmul(swap(a!), a!), [x], forward);
        const product = (a: Tensor) => symmetricMatmul(symmetricPolynomial(gram(a), terms), gram(a));
        await checkDevices((a) => [symmetricPolynomial(gram(a!), terms), product(a!)], [x], forward);
      }),
      RUNS,
    );
    // More than one part along k, and matrices that lie within others.
    await checkDevices((a) => gram(a!), [values([2, 50, 1030], 1, 0.05)], forward);
    const inner = (a: Tensor): Tensor => slice(slice(a, 2, 3, 20), 0, 1, 3);
    await checkDevices((a) => gram(inner(a!)), [values([4, 10, 30])], forward);
    const middle = (a: Tensor): Tensor => slice(slice(gram(a), 1, 5, 40), 2, 5, 40);
    await checkDevices((a) => symmetricPolynomial(middle(a!), terms), [values([2, 50, 9], 2, 0.2)], forward);
  });

  it('are symmetric to the last bit', async () => {
    const [r, n] = [101, 2];
    const a = gram(constant(values([n, r, 60]).data, [n, r, 60]));
    const p = symmetricPolynomial(a, terms);
    for (const device of Object.values(cpus)) {
      for (const y of [a, p, symmetricMatmul(p, a)]) {
        const { data } = await device.evaluate(y);
        const { data: mirrored } = await device.evaluate(swap(y));
        expect(data).toEqual(mirrored);
      }
    }
  });

  it('give the same bits for any number of threads', async () => {
    const a = gram(constant(values([3, 130, 40]).data, [3, 130, 40]));
    const p = symmetricPolynomial(a, terms);
    await checkThreads(a, p, symmetricMatmul(p, a));
  });

  it('name what does not fit', () => {
    const x = new Input('x', [2, 3, 4]);
    expect(() => symmetricMatmul(x, x)).toThrow(
      'symmetricMatmul: needs matrices (N, R, K) and (N, K, R) (given (2, 3, 4) and (2, 3, 4))',
    );
    expect(() => symmetricMatmul(x, new Input('y', [1, 4, 3]))).toThrow('symmetricMatmul: needs matrices');
    expect(() => symmetricMatmul(new Input('y', [3, 4]), new Input('z', [4, 3]))).toThrow('(given (3, 4)');
    expect(() => symmetricPolynomial(x, terms)).toThrow(
      'symmetricPolynomial: needs square matrices (N, R, R) (given (2, 3, 4))',
    );
    expect(() => symmetricPolynomial(new Input('i', [1, 2, 2], 'i32'), terms)).toThrow('works on f32');
  });
});
