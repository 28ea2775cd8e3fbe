import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceOf, type Offer, threadsPerRank } from './agreement.ts';

const offer: Offer = {
  version: '1.0.0',
  asked: { recipe: '"fast"', maxIters: '5' },
  rounding: 'fused',
  blasThreads: 0,
};
const between = (...offers: Partial<Offer>[]) =>
  differenceOf(
    offers.map((changes) => ({ ...offer, ...changes })),
    (rank) => `rank ${rank}`,
  );

describe('differenceOf', () => {
  it('finds none where all ranks do the same, however they round', () => {
    expect(between({}, {}, { rounding: 'plain' })).toBeUndefined();
  });

  it.each<[Partial<Offer>, string, readonly string[]]>([
    [{ version: '0.9.0' }, 'rank 2 is nanobard 0.9.0, and rank 0 is 1.0.0', []],
    [
      { asked: { ...offer.asked, maxIters: '6' } },
      'rank 2 was started with maxIters 6, and rank 0 with 5',
      ['maxIters'],
    ],
    [
      { asked: { ...offer.asked, data: '"a.txt"' } },
      'rank 2 was started with data "a.txt", and rank 0 without',
      ['data'],
    ],
    [{ asked: { recipe: '"fast"' } }, 'rank 2 was started without maxIters, and rank 0 with 5', ['maxIters']],
    [
      { blasThreads: 4 },
      'rank 2 multiplies matrices with a BLAS library on 4 threads, and rank 0 with no BLAS library',
      ['blas', 'threads'],
    ],
  ])('names the rank, what it has, and the option: %j', (changes, message, options) => {
    expect(between({}, {}, changes)).toMatchObject({ message, options });
  });
});

describe('threadsPerRank', () => {
  it('shares a machine out among its ranks, and keeps to what a rank may use', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 1, max: 64 }), (processors, ranks) => {
        const threads = threadsPerRank(processors, processors, ranks);
        expect(threads).toBeGreaterThanOrEqual(1);
        expect(threads * ranks).toBeLessThanOrEqual(Math.max(processors, ranks));
        expect(threadsPerRank(1, processors, ranks)).toBe(1); // bound to one processor
      }),
    );
  });
});
