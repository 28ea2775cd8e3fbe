import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plays } from '../../../language/data/plays.ts';
import type { TrainEvent } from '../../../language/train/events.ts';
import { TrainingRun } from '../../runs/training.ts';
import type { ShownRun } from '../display/display.ts';

export interface RecordedRun {
  readonly run: ShownRun;
  readonly events: readonly TrainEvent[];
}

/**
 * A real run of a bigram on a short text, with a clock of its own: a step takes 50 ms and an evaluation 3 s, on every
 * machine. Its folder is gone afterwards.
 */
export async function recordRun({ maxIters = 2000, stepMs = 50, evalMs = 3000 } = {}): Promise<RecordedRun> {
  const parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  try {
    const run = await TrainingRun.create({
      ...{ recipe: 'bigram', maxIters, evalInterval: 250, evalIters: 20, learningRate: 0.01 },
      ...{
        data: { name: 'plays.txt', text: plays({ characters: 20_000, seed: 1 }) },
        folder: join(parent, 'run'),
      },
      ...{ device: 'cpu', threads: 1 },
    });
    const events: TrainEvent[] = [];
    let ms = 0;
    for await (const event of run.events()) {
      if (event.type === 'step') ms += stepMs;
      if (event.type === 'eval') ms += evalMs;
      events.push(retimed(event, { stepMs, evalMs, ms }));
    }
    return { run, events };
  } finally {
    await rm(parent, { recursive: true });
  }
}

function retimed(event: TrainEvent, clock: { stepMs: number; evalMs: number; ms: number }): TrainEvent {
  if (event.type === 'step') return { ...event, ms: clock.stepMs };
  if (event.type === 'eval') return { ...event, ms: clock.evalMs };
  return event.type === 'end' ? { ...event, seconds: clock.ms / 1000 } : event;
}
