// Small runs for tests of what runs leave behind.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { plays } from '../language/data/plays.ts';
import type { Recipe } from '../language/recipes/recipe.ts';
import { recipes } from '../language/recipes/recipes.ts';
import type { TrainEvent } from '../language/train/events.ts';
import { type NewRunOptions, TrainingRun } from '../node/runs/training.ts';

export const recipe: Recipe = {
  ...recipes['shakespeare-char-cpu'].recipe,
  ...{ nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8, batchSize: 2, dropout: 0.1 },
  ...{ maxIters: 6, lrDecayIters: 6, warmupIters: 2, evalInterval: 2, evalIters: 1 },
};

export const machine = { device: 'cpu', threads: 1 } as const;

/** A folder of the test file's own, gone after it. */
export const parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
afterAll(() => rm(parent, { recursive: true }));

export const text = join(parent, 'plays.txt');
await writeFile(text, plays({ characters: 2000, seed: 1 }));

let count = 0;

/** A run of a tiny model on that text, in a folder of its own. */
export function create(changes: Partial<NewRunOptions> = {}): Promise<TrainingRun> {
  const folder = join(parent, `run-${count++}`);
  return TrainingRun.create({ recipeName: 'tiny', recipe, folder, data: text, ...machine, ...changes });
}

/** All events, stopping the run after the step `stopAfter`. */
export async function train(run: TrainingRun, stopAfter?: number): Promise<TrainEvent[]> {
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  for await (const event of run.events(controller.signal)) {
    events.push(event);
    if (event.type === 'step' && event.step === stopAfter) controller.abort();
  }
  return events;
}
