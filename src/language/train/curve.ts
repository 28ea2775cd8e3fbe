import type {
  EndEvent,
  EvalEvent,
  SampleEvent,
  StartEvent,
  StepEvent,
  TrainEvent,
  WarningEvent,
} from './events.ts';

/** Stretches of steps that a curve has at most, and evaluations, samples and warnings, the newest ones. */
const CAPACITY = { stretches: 2048, evals: 2048, samples: 64, warnings: 16 };

/** Columns of equal length: a row for each stretch of steps. Losses are means with their extremes, the rest means. */
export interface StepColumns {
  /** The last step of the stretch. */
  readonly step: number[];
  readonly loss: number[];
  readonly lossMin: number[];
  readonly lossMax: number[];
  readonly learningRate: number[];
  readonly gradNorm: number[];
  readonly tokensPerSecond: number[];
}

const means = ['loss', 'learningRate', 'gradNorm', 'tokensPerSecond'] as const;

/** What a run has told so far, in a size that does not grow: plain data. */
export interface CurveData {
  readonly steps: StepColumns;
  /** Steps in a stretch. */
  readonly stretch: number;
  readonly evals: readonly EvalEvent[];
  readonly samples: readonly SampleEvent[];
  readonly warnings: readonly WarningEvent[];
  readonly start: StartEvent | undefined;
  /** Undefined while the run goes on, and where it was cut off. */
  readonly end: EndEvent | undefined;
}

/**
 * Gathers a run's events as a curve that can be drawn, however long the run: when there are too many stretches of steps,
 * neighbours are merged, which keeps their extremes. Adding costs next to nothing.
 */
export class Curve {
  private columns = emptyColumns();
  private stretch = 1;
  /** Steps in the last, unfinished stretch; 0 where all are whole. */
  private inLast = 0;
  private readonly evals: EvalEvent[] = [];
  private readonly samples: SampleEvent[] = [];
  private readonly warnings: WarningEvent[] = [];
  private start: StartEvent | undefined;
  private end: EndEvent | undefined;

  add(event: TrainEvent): void {
    if (event.type !== 'end') this.end = undefined; // a run that was resumed
    switch (event.type) {
      case 'start':
        this.start = event;
        break;
      case 'step':
        this.addStep(event);
        break;
      case 'eval':
        this.evals.push(event);
        // Every second one tells as much; the last remains.
        if (this.evals.length > CAPACITY.evals)
          this.evals.splice(0, this.evals.length, ...this.evals.filter((_, i) => i % 2 === 0));
        break;
      case 'sample':
        keepNewest(this.samples, event, CAPACITY.samples);
        break;
      case 'warning':
        keepNewest(this.warnings, event, CAPACITY.warnings);
        break;
      case 'end':
        this.end = event;
    }
  }

  data(): CurveData {
    const { columns: steps, stretch, evals, samples, warnings, start, end } = this;
    return { steps, stretch, evals, samples, warnings, start, end };
  }

  private addStep(event: StepEvent): void {
    const { columns } = this;
    if (this.inLast === 0) {
      for (const name of means) columns[name].push(event[name]);
      columns.step.push(event.step);
      columns.lossMin.push(event.loss);
      columns.lossMax.push(event.loss);
    } else {
      const last = columns.step.length - 1;
      for (const name of means)
        columns[name][last]! += (event[name] - columns[name][last]!) / (this.inLast + 1);
      columns.step[last] = event.step;
      columns.lossMin[last] = Math.min(columns.lossMin[last]!, event.loss);
      columns.lossMax[last] = Math.max(columns.lossMax[last]!, event.loss);
    }
    this.inLast = (this.inLast + 1) % this.stretch;
    if (this.inLast === 0 && columns.step.length >= CAPACITY.stretches) this.merge();
  }

  private merge(): void {
    const { columns } = this;
    const pairs = Array.from({ length: columns.step.length / 2 }, (_, i) => 2 * i);
    const by = (column: readonly number[], of: (a: number, b: number) => number): number[] =>
      pairs.map((i) => of(column[i]!, column[i + 1]!));
    const mean = (a: number, b: number): number => (a + b) / 2;
    this.columns = {
      step: by(columns.step, (_, b) => b),
      loss: by(columns.loss, mean),
      lossMin: by(columns.lossMin, Math.min),
      lossMax: by(columns.lossMax, Math.max),
      learningRate: by(columns.learningRate, mean),
      gradNorm: by(columns.gradNorm, mean),
      tokensPerSecond: by(columns.tokensPerSecond, mean),
    };
    this.stretch *= 2;
  }
}

function emptyColumns(): StepColumns {
  return {
    ...{ step: [], loss: [], lossMin: [], lossMax: [] },
    ...{ learningRate: [], gradNorm: [], tokensPerSecond: [] },
  };
}

function keepNewest<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}
