// Stopped at any event, in any way, any number of times, and resumed: the same bits as never stopped.

import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Recipe } from '../../language/recipes/recipe.ts';
import { type RecipeName, recipes } from '../../language/recipes/recipes.ts';
import { outcome } from '../../testing/outcome.ts';
import { create, machine } from '../../testing/runs.ts';
import { TrainingRun } from './training.ts';

/** How a run may be stopped; `kill` leaves what is on the disk at that moment, as SIGKILL does. */
const WAYS = ['abort', 'break', 'throw', 'kill'] as const;
type Way = (typeof WAYS)[number];

interface Stop {
  readonly way: Way;
  /** Number of events after which it is stopped. */
  readonly after: number;
}

const names = Object.keys(recipes) as RecipeName[];

/** A recipe of few and small steps; its optimizers, streams and schedule stay what they are. */
function shrunk(name: RecipeName, changes: { dropout?: number; gradientAccumulationSteps?: number }): Recipe {
  const small = {
    ...{ nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8, batchSize: 2, ngramOrder: 3, ngramRows: 16 },
    ...{ maxIters: 8, lrDecayIters: 8, warmupIters: 2, evalInterval: 3, evalIters: 2 },
    ...changes,
  };
  const { recipe } = recipes[name];
  const { gradientAccumulationSteps: _, ...modern } = small;
  const fields = recipe.model === 'modern' ? modern : small;
  const own = Object.entries(fields).filter(([field]) => Object.hasOwn(recipe, field));
  return { ...recipe, ...Object.fromEntries(own) } as Recipe;
}

/** Lets a run go on until it is stopped; returns the folder to go on in, undefined if it came to its end before. */
async function runUntil(run: TrainingRun, stop?: Stop): Promise<string | undefined> {
  const { path } = run.folder;
  const controller = new AbortController();
  let count = 0;
  let copied: string | undefined;
  try {
    for await (const event of run.events(controller.signal)) {
      if (event.type === 'end') return event.reason === 'finished' ? undefined : path;
      if (!stop || ++count !== stop.after) continue;
      if (stop.way === 'abort') controller.abort();
      if (stop.way === 'break') return path;
      if (stop.way === 'throw') throw new Error('enough');
      if (stop.way === 'kill') {
        copied = `${path}-killed`;
        await cp(path, copied, { recursive: true });
        for (const name of await readdir(copied)) if (name.startsWith('lock.')) await rm(join(copied, name));
        return copied;
      }
    }
  } catch (error) {
    if ((error as Error).message !== 'enough') throw error;
  }
  return path;
}

async function stopped(recipe: Recipe, stops: readonly Stop[]): Promise<object> {
  let run = await create({ recipe, keep: 2 });
  let { path } = run.folder;
  for (const stop of stops) {
    const next = await runUntil(run, stop);
    if (next === undefined) return outcome(path);
    path = next;
    run = await TrainingRun.resume({ folder: path, ...machine });
  }
  await runUntil(run);
  return outcome(path);
}

const stop = fc.record<Stop>({ way: fc.constantFrom(...WAYS), after: fc.integer({ min: 1, max: 14 }) });
const changes = fc.record({
  dropout: fc.constantFrom(0, 0.3),
  gradientAccumulationSteps: fc.constantFrom(1, 3),
});

describe('a run that was stopped and resumed is as if it had never stopped', () => {
  it.each(names)('%s', async (name) => {
    await fc.assert(
      fc.asyncProperty(changes, fc.array(stop, { minLength: 1, maxLength: 3 }), async (changes, stops) => {
        const recipe = shrunk(name, changes);
        expect(await stopped(recipe, stops)).toEqual(await stopped(recipe, []));
      }),
      { numRuns: 3 },
    );
  });
});
