import { describe, expect, it } from 'vitest';
import { Underway } from './underway.ts';

describe('Underway', () => {
  const view = (address: number, shape: number[], strides = [1]) =>
    ({ address, shape, strides, dtype: 'f32' }) as const;
  const touched = { reads: [view(64, [4])], writes: [view(128, [2, 2], [8, 1])], scratch: false };
  const disturbs = (
    reads: number | undefined,
    writes: number | undefined,
    scratch = false,
    first = touched,
  ) => {
    const underway = new Underway();
    underway.add(first);
    const one = (at: number | undefined) => (at === undefined ? [] : [view(at, [1])]);
    return underway.disturbs({ reads: one(reads), writes: one(writes), scratch });
  };

  it('is disturbed by whoever reads what it writes, or overwrites what it touches', () => {
    expect([60, 64, 76, 80].map((at) => disturbs(undefined, at))).toEqual([false, true, true, false]);
    expect([124, 128, 164, 168].map((at) => disturbs(undefined, at))).toEqual([false, true, true, false]);
    expect([64, 124, 128, 164, 168].map((at) => disturbs(at, undefined))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('is disturbed by whoever shares its scratch memory', () => {
    expect(disturbs(undefined, undefined, true)).toBe(false);
    expect(disturbs(undefined, undefined, true, { ...touched, scratch: true })).toBe(true);
  });

  it('sees views that run backwards, repeat themselves, or are empty', () => {
    const back = { reads: [], writes: [view(128, [3], [-1])], scratch: false };
    expect([116, 120, 128, 132].map((at) => disturbs(at, undefined, false, back))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const same = { reads: [], writes: [view(128, [9], [0])], scratch: false };
    expect([128, 132].map((at) => disturbs(at, undefined, false, same))).toEqual([true, false]);
    const none = { reads: [], writes: [view(128, [0, 4], [4, 1])], scratch: false };
    expect(disturbs(128, 128, false, none)).toBe(false);
  });

  it('is over when it has been waited for', () => {
    const underway = new Underway();
    underway.add({ ...touched, scratch: true });
    underway.clear();
    expect(underway.disturbs({ ...touched, scratch: true })).toBe(false);
  });
});
