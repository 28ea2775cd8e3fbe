import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  cpus,
  extent,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { square } from '../elementwise/elementwise.ts';
import { dropout } from './dropout.ts';

const key = (...words: [number, number, number]): Tensor => constant(Int32Array.from(words));
const ones = (n: number): Tensor => constant(new Float32Array(n).fill(1));

/** Which of n elements are kept. */
async function mask(
  n: number,
  p: number,
  words: [number, number, number],
  device = reference,
): Promise<boolean[]> {
  return Array.from((await device.evaluate(dropout(ones(n), p, key(...words)))).data, (v) => v !== 0);
}

describe('dropout', () => {
  it('has the gradient that finite differences have: the mask is drawn again', async () => {
    await checkGradient((x) => dropout(x, 0.4, key(1, 2, 3)), [values([3, 7], 1)]);
    const twice = (x: Tensor): Tensor => dropout(square(dropout(x, 0.4, key(1, 2, 3))), 0.2, key(1, 2, 3));
    await checkGradient(twice, [values([3, 7], 1)]);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, fc.double({ min: 0.01, max: 0.99, noNaN: true }), async (a, b, p) => {
        await checkDevices((x) => dropout(x, p, key(-5, 6, 7)), [values([a, b], 1)]);
      }),
      RUNS,
    );
    await checkDevices((x) => dropout(x, 0.2, key(1, 2, 3)), [values([100_003], 1)]);
  });

  it('drops exactly the same elements on every device, for all keys', async () => {
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(word, word, word),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        async (words, p) => {
          const expected = await mask(1001, p, words);
          for (const cpu of Object.values(cpus)) {
            const y = await cpu.evaluate(dropout(ones(1001), p, key(...words)));
            expect(Array.from(y.data, (v) => v !== 0)).toEqual(expected);
          }
        },
      ),
      RUNS,
    );
  });

  it('drops a share p and keeps the mean', async () => {
    const n = 100_000;
    for (const p of [0.1, 0.5, 0.8]) {
      const { data } = await cpus.wide.evaluate(dropout(ones(n), p, key(1, 0, 1)));
      const dropped = data.filter((v) => v === 0).length;
      // Five standard deviations of a binomial distribution.
      expect(Math.abs(dropped - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)));
      expect(data.find((v) => v !== 0)).toBeCloseTo(1 / (1 - p), 5);
    }
  });

  it('draws another mask for another seed, step or site, and the same for the same', async () => {
    const n = 200;
    const base = await mask(n, 0.5, [1, 2, 3]);
    expect(await mask(n, 0.5, [1, 2, 3])).toEqual(base);
    for (const words of [
      [9, 2, 3],
      [1, 9, 3],
      [1, 2, 9],
    ] as [number, number, number][]) {
      const agreeing = (await mask(n, 0.5, words)).filter((kept, i) => kept === base[i]).length;
      expect(Math.abs(agreeing - n / 2)).toBeLessThan(50);
    }
    const both = await reference.evaluate(dropout(dropout(ones(n), 0.5, key(1, 2, 3)), 0.5, key(1, 2, 3)));
    const kept = both.data.filter((v) => v !== 0).length;
    expect(Math.abs(kept - n / 4)).toBeLessThan(35);
  });

  it('gives back x itself for p = 0', () => {
    const x = new Input('x', [3]);
    expect(dropout(x, 0, key(1, 2, 3))).toBe(x);
  });

  it('gives the same bits for any number of threads', async () => {
    const y = dropout(constant(values([50_001], 1).data), 0.3, key(1, 2, 3));
    await checkThreads(y);
  });

  it('says which p and keys it takes', () => {
    const x = new Input('x', [3]);
    for (const p of [-0.1, 1, 1 - 1e-12, Number.NaN]) {
      expect(() => dropout(x, p, key(1, 2, 3))).toThrow(`dropout: p must be from 0 to below 1, not ${p}`);
    }
    expect(() => dropout(x, 0.5, new Input('key', [2], 'i32'))).toThrow('key must be i32 (3)');
    expect(() => dropout(x, 0.5, new Input('key', [3]))).toThrow('key must be i32 (3)');
  });
});
