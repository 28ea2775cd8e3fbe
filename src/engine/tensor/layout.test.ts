import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isContiguous, reshapeStrides } from './layout.ts';
import { stridesOf } from './shape.ts';

/** Addresses of all elements in row-major order. */
function addresses(shape: readonly number[], strides: readonly number[]): number[] {
  return shape.reduce<number[]>(
    (all, extent, d) => all.flatMap((at) => Array.from({ length: extent }, (_, i) => at + i * strides[d]!)),
    [0],
  );
}

describe('reshapeStrides', () => {
  it('splits the rows of a slice', () => {
    // 4 columns of a (2, 12) matrix, as (2, 2, 2)
    expect(reshapeStrides([2, 4], [12, 1], [2, 2, 2])).toEqual([12, 2, 1]);
  });

  it('cannot join rows that jump', () => {
    expect(reshapeStrides([2, 4], [12, 1], [8])).toBeUndefined();
    expect(reshapeStrides([2, 3], [1, 2], [6])).toBeUndefined();
  });

  it('visits the same elements in the same order whenever it succeeds, and always succeeds on dense views', () => {
    const extents = fc.array(fc.constantFrom(1, 1, 2, 3, 4), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        extents,
        fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
        fc.nat(),
        (shape, gaps, seed) => {
          // Strides with gaps between some dimensions, and a target shape by moving factors about.
          const strides = stridesOf(shape.map((extent, d) => extent + (gaps[d] === 0 ? 1 : 0)));
          const factors = shape.flatMap((extent) => (extent === 4 ? [2, 2] : [extent]));
          const cut = seed % (factors.length + 1);
          const product = (part: number[]): number => part.reduce((a, b) => a * b, 1);
          const to = [product(factors.slice(0, cut)), 1, ...factors.slice(cut)];
          const result = reshapeStrides(shape, strides, to);
          if (result) expect(addresses(to, result)).toEqual(addresses(shape, strides));
          else expect(isContiguous({ shape, strides })).toBe(false);
        },
      ),
    );
  });
});
