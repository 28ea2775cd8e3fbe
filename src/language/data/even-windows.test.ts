import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvenWindows } from './even-windows.ts';

const take = (windows: EvenWindows, count: number, high: number): number[] =>
  Array.from({ length: count }, () => windows.next(high));

describe('EvenWindows', () => {
  it('covers the text once in each pass, without overlap', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 5000 }),
        (seed, T, high) => {
          const windows = new EvenWindows(seed, T);
          const count = Math.max(1, Math.floor(high / T));
          for (let pass = 0; pass < 3; pass++) {
            const starts = take(windows, count, high).toSorted((a, b) => a - b);
            expect(starts[0]).toBeGreaterThanOrEqual(0);
            expect(starts.at(-1)).toBeLessThan(high);
            for (const [i, start] of starts.entries()) if (i > 0) expect(start - starts[i - 1]!).toBe(T);
          }
        },
      ),
    );
  });

  it('takes a batch from everywhere', () => {
    const starts = take(new EvenWindows(1337, 64), 24, 1_000_000).toSorted((a, b) => a - b);
    const gaps = starts.slice(1).map((start, i) => start - starts[i]!);
    expect(Math.max(...gaps)).toBeLessThan((2.5 * 1_000_000) / 24);
  });

  it('moves the windows for the next pass', () => {
    const windows = new EvenWindows(1, 64);
    const [first, second] = [take(windows, 100, 6400), take(windows, 100, 6400)];
    expect(second[0]! % 64).not.toBe(first[0]! % 64);
  });

  it('starts elsewhere for another seed, and goes on from its state', () => {
    const windows = new EvenWindows(1, 8);
    expect(new EvenWindows(2, 8).next(1000)).not.toBe(new EvenWindows(1, 8).next(1000));
    take(windows, 130, 1000);
    const copy = new EvenWindows(1, 8);
    copy.setState(JSON.parse(JSON.stringify(windows.getState())));
    expect(take(copy, 50, 1000)).toEqual(take(windows, 50, 1000));
  });
});
