import type { StepResult } from './step.ts';

/** A step that is over. */
export interface FinishedStep {
  readonly step: number;
  readonly learningRate: number;
  readonly result: StepResult;
  readonly ms: number;
}

interface LateStep {
  readonly step: number;
  readonly learningRate: number;
  readonly begin: number;
  readonly ended: Promise<{ readonly result: StepResult; readonly end: number }>;
}

/** Steps that a device is at or has before it, the oldest first. */
export class LateSteps {
  private readonly queue: LateStep[] = [];
  private lastEnd = 0;

  /** A step begun at the time `begin`, whose `result` is on its way. */
  add(step: number, learningRate: number, begin: number, result: Promise<StepResult>): void {
    const ended = result.then((values) => ({ result: values, end: performance.now() }));
    ended.catch(() => {}); // who waits for the step hears of it
    this.queue.push({ step, learningRate, begin, ended });
  }

  /**
   * The oldest step, waited for, if more than `most` have not been taken yet. Steps follow one another on the device:
   * its time begins when the one before is over.
   */
  async next(most: number): Promise<FinishedStep | undefined> {
    const oldest = this.queue[0];
    if (!oldest || this.queue.length <= most) return undefined;
    const { step, learningRate, begin, ended } = oldest;
    const { result, end } = await ended;
    this.queue.shift();
    const ms = end - Math.max(begin, this.lastEnd);
    this.lastEnd = end;
    return { step, learningRate, result, ms };
  }

  clear(): void {
    this.queue.length = 0;
  }
}
