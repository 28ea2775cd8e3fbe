import { describe, expect, it } from 'vitest';
import { dropMask, philox } from './philox.ts';

const hex = (words: readonly number[]): string =>
  words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
const ones = 0xffffffff;

describe('philox', () => {
  // The known answers that the authors publish with Random123 (kat_vectors, philox4x32, 10 rounds).
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[ones, ones, ones, ones], [ones, ones], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ] as const)('maps the counter %j under the key %j to %s', (counter, key, expected) => {
    expect(hex(philox(counter, key))).toBe(expected);
  });

  it('reads signed words as the unsigned ones of the same bits', () => {
    expect(philox([-1, -1, -1, -1], [-1, -1])).toEqual(philox([ones, ones, ones, ones], [ones, ones]));
  });
});

describe('dropMask', () => {
  it('drops the words below p · 2^32', () => {
    const key = [7, 8, 9];
    const words = philox([3, 2, 1, 9], [7, 8]);
    for (const p of [0.1, 0.5, 0.9].map(Math.fround)) {
      const expected = words.map((word) => (word / 2 ** 32 < p ? 0 : 1 / (1 - p)));
      expect(dropMask(3, 2, 1, key, p)).toEqual(expected);
    }
    expect(dropMask(3, 2, 1, key, 0)).toEqual([1, 1, 1, 1]);
  });
});
