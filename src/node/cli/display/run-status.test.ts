import { describe, expect, it } from 'vitest';
import type { StepEvent } from '../../../language/train/events.ts';
import { recordRun } from '../testing/recorded-run.ts';
import { RunStatus } from './run-status.ts';

const { events } = await recordRun({ maxIters: 1000 });

/** The status of a run of 1,000 steps of 50 ms, with evaluations of 3 s, at the event that `until` picks. */
function statusAt(until: (status: RunStatus) => boolean): RunStatus {
  const status = new RunStatus(250);
  for (const event of events) {
    status.update(event);
    if (until(status)) break;
  }
  return status;
}

describe('RunStatus', () => {
  it('knows nothing about time before the first step', async () => {
    const status = statusAt((p) => p.evals.length === 1);
    expect(status).toMatchObject({ stepsDone: 0, maxIters: 1000, secondsLeft: undefined, evaluating: false });
  });

  it('counts steps and evaluations in the time left', async () => {
    const status = statusAt((p) => p.stepsDone === 100);
    expect(status.tokensPerSecond).toBeCloseTo(32 / 0.05);
    expect(status.secondsLeft).toBeCloseTo(900 * 0.05 + 4 * 3);
  });

  it('knows when an evaluation comes next', async () => {
    const due = statusAt((p) => p.stepsDone === 250);
    expect(due.evaluating).toBe(true);
    expect(due.secondsLeft).toBeCloseTo(750 * 0.05 + 4 * 3);
    const done = statusAt((p) => p.evals.length === 2);
    expect(done.evaluating).toBe(false);
    expect(done.secondsLeft).toBeCloseTo(750 * 0.05 + 3 * 3);
  });

  it('counts an evaluation at the very end', () => {
    const status = new RunStatus(250);
    status.update({
      type: 'start',
      step: 0,
      maxIters: 600,
      parameters: 1,
      tokensPerStep: 1,
      flopsPerStep: 1,
      bytes: 1,
      device: 'cpu',
      threads: 1,
      ranks: 1,
    });
    status.update({
      type: 'eval',
      step: 0,
      train: 4,
      val: 4,
      valFull: 4,
      bitsPerByte: null,
      best: true,
      ms: 1000,
    });
    const stepTo = (step: number): number => {
      status.update({ type: 'step', step, loss: 4, learningRate: 1, gradNorm: 1, ms: 0, tokensPerSecond: 1 });
      return status.secondsLeft!;
    };
    // Evaluations come after steps 250, 500 and 600.
    expect([1, 249, 250, 251, 599, 600].map(stepTo)).toEqual([3, 3, 3, 2, 1, 1]);
  });

  it('ends with nothing left and the best evaluation', async () => {
    const status = statusAt(() => false);
    expect(status).toMatchObject({
      stepsDone: 1000,
      secondsLeft: 0,
      evaluating: false,
      best: { best: true },
    });
  });

  it('smooths the loss: a mean at first, then a running mean', () => {
    const status = new RunStatus(250);
    const step = (number: number, loss: number): StepEvent => ({
      ...{ type: 'step', step: number, loss, learningRate: 1e-3, gradNorm: 1, ms: 10, tokensPerSecond: 1 },
    });
    status.update(step(1, 4));
    status.update(step(2, 2));
    expect(status.loss).toBe(3);
    for (let iter = 3; iter < 1000; iter++) status.update(step(iter, 1));
    expect(status.loss).toBeCloseTo(1, 5);
    status.update(step(1000, 2));
    expect(status.loss).toBeCloseTo(1.02, 5);
  });
});
