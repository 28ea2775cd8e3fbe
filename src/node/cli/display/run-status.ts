import type * as events from '../../../language/train/events.ts';
import { LossHistory } from './history.ts';

/** Weight of a new value in a running mean. */
const WEIGHT = 0.02;

/** What there is to know about a run while it goes on, gathered from its events. */
export class RunStatus {
  readonly history = new LossHistory();
  readonly evals: events.EvalEvent[] = [];
  start: events.StartEvent | undefined;
  step: events.StepEvent | undefined;
  best: events.EvalEvent | undefined;
  sample: events.SampleEvent | undefined;
  end: events.EndEvent | undefined;
  /** Whether the user has asked to stop. */
  stopping = false;
  /** Running means over about the last 50 steps. */
  loss = 0;
  stepMs = 0;
  private steps = 0;
  private readonly evalInterval: number;

  constructor(evalInterval: number) {
    this.evalInterval = evalInterval;
  }

  /** Takes in an event. Called for every step: it must cost next to nothing. */
  update(event: events.TrainEvent): void {
    if (event.type === 'start') this.start = event;
    else if (event.type === 'sample') this.sample = event;
    else if (event.type === 'end') this.end = event;
    else if (event.type === 'eval') {
      this.evals.push(event);
      if (event.best) this.best = event;
    } else if (event.type === 'step') {
      this.step = event;
      this.steps++;
      const weight = Math.max(WEIGHT, 1 / this.steps);
      this.loss += weight * (event.loss - this.loss);
      this.stepMs += weight * (event.ms - this.stepMs);
      this.history.add(event.step, event.loss);
    }
  }

  /** Updates done. */
  get stepsDone(): number {
    return this.end?.step ?? this.step?.step ?? this.start?.step ?? 0;
  }

  get maxIters(): number {
    return this.start?.maxIters ?? 0;
  }

  get tokensPerSecond(): number {
    return this.stepMs > 0 ? (1000 * (this.start?.tokensPerStep ?? 0)) / this.stepMs : 0;
  }

  /** Whether the next thing to come is an evaluation. */
  get evaluating(): boolean {
    const { stepsDone } = this;
    const due = stepsDone % this.evalInterval === 0 || stepsDone === this.maxIters;
    return due && this.step !== undefined && this.evals.at(-1)?.step !== stepsDone && !this.end;
  }

  /** Time that the remaining steps and evaluations will take; undefined before the first step. */
  get secondsLeft(): number | undefined {
    if (!this.step) return undefined;
    const { stepsDone, maxIters, evalInterval } = this;
    const later =
      stepsDone < maxIters ? Math.ceil(maxIters / evalInterval) - Math.floor(stepsDone / evalInterval) : 0;
    const evals = later + (this.evaluating ? 1 : 0);
    return ((maxIters - stepsDone) * this.stepMs + evals * (this.evals.at(-1)?.ms ?? 0)) / 1000;
  }
}
