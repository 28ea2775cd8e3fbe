import { describe, expect, it } from 'vitest';
import { cosineSchedule } from './schedule.ts';

// nanoGPT's CPU run.
const rate = cosineSchedule({
  learningRate: 1e-3,
  minLearningRate: 1e-4,
  warmupSteps: 100,
  decaySteps: 2000,
});

describe('cosineSchedule', () => {
  it('rises in equal steps, the first of which is not 0', () => {
    expect(rate(0)).toBe(1e-3 / 101);
    expect(rate(1)).toBe(2e-3 / 101);
    expect(rate(99)).toBe((1e-3 * 100) / 101);
  });

  it('falls along half a cosine', () => {
    expect(rate(100)).toBe(1e-3);
    expect(rate(1050)).toBeCloseTo(5.5e-4, 15);
    expect(rate(100 + 1900 / 4)).toBeCloseTo(1e-4 + 9e-4 * (0.5 + Math.SQRT1_2 / 2), 15);
    for (let iter = 100; iter < 2000; iter++) expect(rate(iter + 1)).toBeLessThan(rate(iter));
  });

  it('stays at the lowest rate from the end on', () => {
    expect(rate(2000)).toBe(1e-4);
    expect(rate(1e6)).toBe(1e-4);
  });

  it('does without a warm-up or a decay', () => {
    const constant = { learningRate: 1, minLearningRate: 0.5, warmupSteps: 0 };
    expect(cosineSchedule({ ...constant, decaySteps: 10 })(0)).toBe(1);
    expect(cosineSchedule({ ...constant, decaySteps: 0 })(0)).toBe(0.5);
  });
});
