import { describe, expect, it } from 'vitest';
import type { StepEvent } from '../../../language/train/events.ts';
import { fakeEvents } from '../testing/fakes.ts';
import { Progress } from './run-status.ts';

/** Progress of a made-up run of 1,000 steps of 50 ms, with evaluations of 3 s, up to the event that `until` picks. */
async function progressAt(until: (progress: Progress) => boolean): Promise<Progress> {
  const progress = new Progress(250);
  for await (const event of fakeEvents({ iters: 1000 })) {
    progress.update(event);
    if (until(progress)) break;
  }
  return progress;
}

describe('Progress', () => {
  it('knows nothing about time before the first step', async () => {
    const progress = await progressAt((p) => p.evals.length === 1);
    expect(progress).toMatchObject({ iter: 0, maxIters: 1000, secondsLeft: undefined, evaluating: false });
  });

  it('counts steps and evaluations in the time left', async () => {
    const progress = await progressAt((p) => p.iter === 100);
    expect(progress.tokensPerSecond).toBeCloseTo(768 / 0.05);
    expect(progress.secondsLeft).toBeCloseTo(900 * 0.05 + 4 * 3);
  });

  it('knows when an evaluation comes next', async () => {
    const due = await progressAt((p) => p.iter === 250);
    expect(due.evaluating).toBe(true);
    expect(due.secondsLeft).toBeCloseTo(750 * 0.05 + 4 * 3);
    const done = await progressAt((p) => p.evals.length === 2);
    expect(done.evaluating).toBe(false);
    expect(done.secondsLeft).toBeCloseTo(750 * 0.05 + 3 * 3);
  });

  it('counts an evaluation at the very end', () => {
    const progress = new Progress(250);
    progress.update({
      type: 'start',
      iter: 0,
      maxIters: 600,
      parameters: 1,
      tokensPerStep: 1,
      flopsPerStep: 1,
      bytes: 1,
      device: 'cpu',
      threads: 1,
    });
    progress.update({ type: 'eval', iter: 0, train: 4, val: 4, valFull: 4, best: true, ms: 1000 });
    const stepTo = (iter: number): number => {
      progress.update({ type: 'step', iter, loss: 4, lr: 1, gradNorm: 1, ms: 0, tokensPerSecond: 1 });
      return progress.secondsLeft!;
    };
    // Evaluations come after steps 250, 500 and 600.
    expect([1, 249, 250, 251, 599, 600].map(stepTo)).toEqual([3, 3, 3, 2, 1, 1]);
  });

  it('ends with nothing left and the best evaluation', async () => {
    const progress = await progressAt(() => false);
    expect(progress).toMatchObject({ iter: 1000, secondsLeft: 0, evaluating: false, best: { iter: 1000 } });
  });

  it('smooths the loss: a mean at first, then a running mean', () => {
    const progress = new Progress(250);
    const step = (iter: number, loss: number): StepEvent => ({
      ...{ type: 'step', iter, loss, lr: 1e-3, gradNorm: 1, ms: 10, tokensPerSecond: 1 },
    });
    progress.update(step(1, 4));
    progress.update(step(2, 2));
    expect(progress.loss).toBe(3);
    for (let iter = 3; iter < 1000; iter++) progress.update(step(iter, 1));
    expect(progress.loss).toBeCloseTo(1, 5);
    progress.update(step(1000, 2));
    expect(progress.loss).toBeCloseTo(1.02, 5);
  });
});
