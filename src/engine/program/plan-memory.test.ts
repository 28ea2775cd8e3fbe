import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALIGNMENT, type Lifetime, planMemory } from './plan-memory.ts';

const lifetimes = fc.array(
  fc
    .record({
      bytes: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constantFrom(0, 255, 256, 257, 4096)),
      first: fc.integer({ min: 0, max: 20 }),
      span: fc.integer({ min: 0, max: 8 }),
    })
    .map(({ bytes, first, span }): Lifetime => ({ bytes, first, last: first + span })),
  { maxLength: 40 },
);

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

describe('planMemory', () => {
  it('never lets buffers overlap that are alive together, aligns them, and stays within its size and its banks', () => {
    fc.assert(
      fc.property(lifetimes, fc.constantFrom(undefined, 4096, 8192), (all, bankBytes) => {
        const { offsets, bytes } = planMemory(all, bankBytes);
        expect(offsets).toHaveLength(all.length);
        all.forEach((a, i) => {
          const from = offsets[i]!;
          expect(from % ALIGNMENT).toBe(0);
          expect(from + a.bytes).toBeLessThanOrEqual(bytes);
          // None lies across a cut between banks.
          if (bankBytes) expect((from % bankBytes) + a.bytes).toBeLessThanOrEqual(bankBytes);
          all.slice(0, i).forEach((b, j) => {
            const together = a.first <= b.last && b.first <= a.last;
            const apart = from + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= from;
            expect(!together || apart || a.bytes === 0 || b.bytes === 0).toBe(true);
          });
        });
      }),
    );
  });

  it('needs no more than all buffers side by side, and no less than those alive at any one time', () => {
    fc.assert(
      fc.property(lifetimes, (all) => {
        const { bytes } = planMemory(all);
        const sum = (some: readonly Lifetime[]): number =>
          some.reduce((total, one) => total + aligned(one.bytes), 0);
        const busiest = Math.max(
          0,
          ...all.map(({ first: at }) => sum(all.filter((b) => b.first <= at && at <= b.last))),
        );
        expect(bytes).toBeLessThanOrEqual(sum(all));
        expect(bytes).toBeGreaterThanOrEqual(busiest);
      }),
    );
  });

  it('uses memory again: a chain in which each value feeds the next needs two', () => {
    const chain = Array.from({ length: 50 }, (_, i) => ({ bytes: 1000, first: i, last: i + 1 }));
    const { offsets, bytes } = planMemory(chain);
    expect(bytes).toBe(2048);
    expect(new Set(offsets)).toEqual(new Set([0, 1024]));
  });

  it('puts small buffers into the gaps that large ones leave', () => {
    const plan = planMemory([
      { bytes: 4096, first: 0, last: 9 },
      { bytes: 4096, first: 0, last: 4 },
      { bytes: 256, first: 5, last: 9 },
      { bytes: 256, first: 5, last: 9 },
    ]);
    expect(plan).toEqual({ offsets: [0, 4096, 4096, 4352], bytes: 8192 });
  });

  it('keeps a value apart from the one that is computed from it', () => {
    const { offsets } = planMemory([
      { bytes: 256, first: 0, last: 1 },
      { bytes: 256, first: 1, last: 2 },
    ]);
    expect(offsets[0]).not.toBe(offsets[1]);
  });
});
