import { describe, expect, it } from 'vitest';
import { EvenSequence } from './even-sequence.ts';

describe('EvenSequence', () => {
  it('leaves no gap of more than three mean gaps, after any count', () => {
    const sequence = new EvenSequence(1337);
    const high = 1_000_000;
    const drawn: number[] = [];
    for (const count of [10, 100, 1000, 10_000]) {
      while (drawn.length < count) drawn.push(sequence.randint(high));
      const sorted = [...drawn, -1, high].toSorted((a, b) => a - b);
      const gaps = sorted.slice(1).map((value, i) => value - sorted[i]!);
      expect(Math.max(...gaps)).toBeLessThan((3 * high) / count);
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...drawn)).toBeLessThan(high);
    }
  });

  it('starts elsewhere for another seed, and goes on from its state', () => {
    const sequence = new EvenSequence(1);
    expect(new EvenSequence(2).randint(1000)).not.toBe(new EvenSequence(1).randint(1000));
    for (let i = 0; i < 5; i++) sequence.randint(1000);
    const copy = new EvenSequence(1);
    copy.setState(JSON.parse(JSON.stringify(sequence.getState())));
    expect(Array.from({ length: 5 }, () => copy.randint(1000))).toEqual(
      Array.from({ length: 5 }, () => sequence.randint(1000)),
    );
  });
});
