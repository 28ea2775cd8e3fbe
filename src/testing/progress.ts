import { Generator } from '../engine/tensor/generator.ts';
import type { Progress } from '../language/train/checkpoint.ts';

/** The progress of a run that does not exist, evaluated at `step`; `changes` take the place of its fields. */
export function progressAt(step: number, changes: Partial<Progress> = {}): Progress {
  const stream = new Generator(step).getState();
  return {
    ...{ step, drawn: false, evaluated: true, trainSeconds: 3 },
    ...{ bestVal: 2, bestStep: 1, evalsSinceBest: 0, restores: 0 },
    streams: { data: stream, evaluation: stream },
    ...changes,
  };
}
