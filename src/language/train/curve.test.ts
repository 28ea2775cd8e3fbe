import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Curve } from './curve.ts';
import type { StepEvent } from './events.ts';

const step = (step: number, loss: number): StepEvent => ({
  ...{ type: 'step', step, loss, learningRate: 2 * step, gradNorm: 1, ms: 1, tokensPerSecond: step },
});

it('is each step as it was while there are few', () => {
  const curve = new Curve();
  for (let i = 1; i <= 2000; i++) curve.add(step(i, 1 / i));
  const { steps, stretch } = curve.data();
  expect(stretch).toBe(1);
  expect(steps.step).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  expect(steps.loss.at(-1)).toBe(1 / 2000);
});

it('does not grow, and keeps means and extremes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12_345 }), fc.nat(), (count, seed) => {
      const losses = Array.from({ length: count }, (_, i) => Math.sin(seed + i * i));
      const curve = new Curve();
      losses.forEach((loss, i) => {
        curve.add(step(i + 1, loss));
      });
      const { steps, stretch } = curve.data();
      expect(steps.step.length).toBeLessThanOrEqual(2048);
      expect(steps.step.at(-1)).toBe(count);
      for (const [i, last] of steps.step.entries()) {
        const own = losses.slice(i * stretch, last);
        expect(own.length).toBe(i === steps.step.length - 1 ? own.length : stretch);
        expect(steps.lossMin[i]).toBe(Math.min(...own));
        expect(steps.lossMax[i]).toBe(Math.max(...own));
        expect(steps.loss[i]).toBeCloseTo(own.reduce((a, b) => a + b) / own.length, 9);
      }
    }),
    { numRuns: 10 },
  );
});

it('has no end any more once the run goes on', () => {
  const curve = new Curve();
  const none = { bestVal: null, bestStep: null, trainSeconds: 0, seconds: 0 };
  curve.add({ type: 'end', step: 3, reason: 'interrupted', ...none });
  expect(curve.data().end?.reason).toBe('interrupted');
  curve.add(step(4, 1));
  expect(curve.data().end).toBeUndefined();
});
