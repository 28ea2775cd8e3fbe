// Small models of each kind, and what they learn.
import type { Device } from '../../src/engine/devices/device.ts';
import { plays } from '../../src/language/data/plays.ts';
import type { Recipe } from '../../src/language/recipes/recipe.ts';
import { recipes } from '../../src/language/recipes/recipes.ts';
import { createTraining, type Training } from '../../src/language/recipes/training.ts';

/** 50 steps on short windows, evaluated at the end only. */
const brief = {
  ...{ blockSize: 16, batchSize: 4 },
  ...{ maxIters: 50, lrDecayIters: 50, evalInterval: 50, evalIters: 1 },
} as const;
const small = { ...brief, nLayer: 2, nHead: 2, nEmbd: 32, dropout: 0.1 } as const;

export const models: Readonly<Record<string, Recipe>> = {
  bigram: { ...recipes['lecture-bigram'].recipe, ...brief },
  // A seed with which no unit's sum comes so near to 0 that rounding decides what its ReLU does: with others the CPU
  // device's own instruction sets end 1.5e-5 apart.
  lecture: { ...recipes['lecture-gpt'].recipe, ...small, seed: 1 },
  gpt: { ...recipes['shakespeare-char'].recipe, ...small, warmupIters: 5, bias: true },
  modern: { ...recipes.fast.recipe, ...small, ngramOrder: 3, ngramRows: 512, gradClip: 1 },
};

const text = plays({ characters: 20_000, seed: 1 });

export function training(device: Device, recipe: Recipe): Promise<Training> {
  return createTraining({ recipe, text, device });
}

/** The losses of all steps up to `last`. */
export async function losses({ trainer }: Training, last = 50): Promise<number[]> {
  const controller = new AbortController();
  const losses: number[] = [];
  for await (const event of trainer.run(controller.signal)) {
    if (event.type !== 'step') continue;
    losses.push(event.loss);
    if (event.step === last) controller.abort();
  }
  return losses;
}

/** All weights and the optimizer's state, by name. */
export async function weights({ trainer }: Training): Promise<Map<string, ArrayLike<number>>> {
  const { tensors } = await trainer.state();
  return new Map([...tensors].map(([name, { data }]) => [name, data]));
}
