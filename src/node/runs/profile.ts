import { measurePeak } from '../../engine/devices/peak.ts';
import { checkOptions } from '../../language/options.ts';
import { chooseRecipe, recipeRules } from '../../language/recipes/choose.ts';
import { defaultRecipe } from '../../language/recipes/recipes.ts';
import { createTraining } from '../../language/recipes/training.ts';
import { createDevice } from '../measurements.ts';
import { loadRunData } from './run-data.ts';
import type { NewRunOptions } from './training.ts';

/** What to measure, with any of the recipe's fields beside it, as for a run. */
export type ProfileOptions = Omit<NewRunOptions, 'recipeName' | 'folder'>;

/** What the calls of one operation take in a step, on average. */
export interface OperationTime {
  readonly op: string;
  readonly calls: number;
  readonly ms: number;
  readonly gflops: number;
}

export interface Profile {
  /** Median time of a whole step, in milliseconds. */
  readonly stepMs: number;
  /** Speed of a large matrix product on this device, in GFLOP/s. */
  readonly peakGflops: number;
  /** The costliest first. */
  readonly operations: readonly OperationTime[];
}

/** Steps before and while measuring. */
const ROUNDS = 10;

/** Where the time of a step goes. Nothing is written; the model is thrown away. */
export async function profileRecipe(options: ProfileOptions = {}): Promise<Profile> {
  checkOptions('profileRecipe', options, recipeRules);
  const { recipe: wanted = defaultRecipe, data: source, field, tokenizer, ...rest } = options;
  const { device: name, threads, blas, dtype, ...changes } = rest;
  const recipe = chooseRecipe(wanted, changes);
  const { content, close } = await loadRunData({ data: source, field, tokenizer });
  const device = await createDevice({ device: name, threads, blas, dtype });
  try {
    const { trainer } = await createTraining({ recipe, ...content, device });
    const { learningRate } = recipe;
    const steps: number[] = [];
    for (let i = 1; i <= 2 * ROUNDS; i++) {
      const batches = trainer.nextBatches();
      const begin = performance.now();
      await trainer.training.run(i, learningRate, batches);
      if (i > ROUNDS) steps.push(performance.now() - begin);
    }
    const totals = new Map<string, { calls: number; ms: number; flops: number }>();
    for (let i = 1; i <= ROUNDS; i++) {
      const times = await trainer.training.profile(2 * ROUNDS + i, learningRate, trainer.nextBatches());
      for (const { op, ms, flops } of times) {
        const total = totals.get(op) ?? { calls: 0, ms: 0, flops: 0 };
        totals.set(op, { calls: total.calls + 1, ms: total.ms + ms, flops: total.flops + flops });
      }
    }
    const operations = [...totals].map(([op, { calls, ms, flops }]) => ({
      op,
      calls: calls / ROUNDS,
      ms: ms / ROUNDS,
      gflops: flops / ms / 1e6,
    }));
    return {
      stepMs: steps.sort((a, b) => a - b)[ROUNDS >> 1]!,
      peakGflops: (await measurePeak(device)).gflops,
      operations: operations.sort((a, b) => b.ms - a.ms),
    };
  } finally {
    close();
    await device.dispose();
  }
}
