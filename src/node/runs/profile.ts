import { createDevice, type DeviceOptions } from '../../engine/devices/create.ts';
import { measurePeak } from '../../engine/devices/peak.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Dataset } from '../../language/data/dataset.ts';
import { CharTokenizer } from '../../language/data/tokenizer.ts';
import { createModel } from '../../language/models/create.ts';
import type { Recipe } from '../../language/recipes/recipe.ts';
import { defaultRecipe, type RecipeName } from '../../language/recipes/recipes.ts';
import { TrainingStep } from '../../language/train/step.ts';
import { batchStream } from '../../language/train/trainer.ts';
import { defaultCorpus, loadCorpus, type TextSource } from '../corpus.ts';
import { checkOptions } from '../options.ts';
import { checkMemory } from './check-memory.ts';
import { chooseRecipe, type RecipeChanges, recipeRules } from './choose-recipe.ts';

/** What to measure, with any of the recipe's fields beside it, as for a run. */
export interface ProfileOptions extends DeviceOptions, RecipeChanges {
  readonly recipe?: RecipeName | Recipe | (string & {}) | undefined;
  readonly data?: TextSource | undefined;
}

/** What the calls of one operation take in an update, on average. */
export interface OperationTime {
  readonly op: string;
  readonly calls: number;
  readonly ms: number;
  readonly gflops: number;
}

export interface Profile {
  /** Median time of a whole update, in milliseconds. */
  readonly stepMs: number;
  /** Speed of a large matrix product on this device, in GFLOP/s. */
  readonly peakGflops: number;
  /** The costliest first. */
  readonly operations: readonly OperationTime[];
}

/** Updates before and while measuring. */
const ROUNDS = 10;

/** Where the time of an update goes. Nothing is written; the model is thrown away. */
export async function profileRecipe(options: ProfileOptions = {}): Promise<Profile> {
  checkOptions('profileRecipe', options, recipeRules);
  const {
    recipe: wanted = defaultRecipe,
    data,
    device: name = 'auto',
    threads,
    blas = 'off',
    ...changes
  } = options;
  const recipe = chooseRecipe(wanted, changes);
  const { text } = data === undefined ? await defaultCorpus() : await loadCorpus(data);
  const tokenizer = CharTokenizer.fromText(text);
  checkMemory(recipe, tokenizer.vocabSize);
  const dataset = new Dataset(tokenizer.encode(text), recipe.blockSize);
  const generator = new Generator(recipe.seed);
  const device = await createDevice({ device: name, threads, blas });
  try {
    const model = createModel(recipe, tokenizer.vocabSize, generator);
    const step = await TrainingStep.create(model, device, recipe);
    const batches = batchStream({ recipe, generator });
    const fill = (x: Int32Array, y: Int32Array): void => dataset.batch('train', batches, x, y);
    const steps: number[] = [];
    for (let i = 1; i <= 2 * ROUNDS; i++) {
      const begin = performance.now();
      await step.run(i, recipe.learningRate, fill);
      if (i > ROUNDS) steps.push(performance.now() - begin);
    }
    const totals = new Map<string, { calls: number; ms: number; flops: number }>();
    for (let i = 1; i <= ROUNDS; i++) {
      for (const { op, ms, flops } of await step.profile(2 * ROUNDS + i, recipe.learningRate, fill)) {
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
    await device.dispose();
  }
}
