import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LossHistory } from './history.ts';

describe('LossHistory', () => {
  it('is empty at first', () => {
    expect(new LossHistory().points(10)).toEqual([]);
  });

  it('gives every loss while there are few', () => {
    const history = new LossHistory();
    [4, 3, 2].forEach((loss, i) => {
      history.add(101 + i, loss);
    });
    expect(history.points(10).map(([, loss]) => loss)).toEqual([4, 3, 2]);
  });

  it('keeps the shape of a long curve', () => {
    const steps = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (count, limit) => {
        const history = new LossHistory();
        for (let iter = 1; iter <= count; iter++) history.add(iter, iter);
        const points = history.points(limit);
        expect(points.length).toBeGreaterThan(0);
        expect(points.length).toBeLessThanOrEqual(limit);
        // The loss is the number of the step here, so a mean lies within half a step of where it is drawn.
        for (const [iter, loss] of points) expect(Math.abs(iter - loss)).toBeLessThanOrEqual(0.5);
        expect(points.at(-1)![0]).toBeLessThanOrEqual(count + 1);
        expect(points.map(([iter]) => iter)).toEqual(points.map(([iter]) => iter).toSorted((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });
});
