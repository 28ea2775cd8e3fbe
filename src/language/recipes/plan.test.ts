import { expect, it } from 'vitest';
import { createDevice } from '../../engine/devices/create.ts';
import { plays } from '../data/plays.ts';
import { chooseRecipe } from './choose.ts';
import { planTraining } from './plan.ts';
import { createTraining } from './training.ts';

it.each([
  ['fast', { ngramRows: 1024 }],
  ['shakespeare-char-cpu', {}],
  ['shakespeare-char-cpu', { gradientAccumulationSteps: 3 }],
  ['bigram', {}],
])('%s with %j takes what was planned', async (name, changes) => {
  const text = plays({ characters: 20_000, seed: 1 });
  const recipe = chooseRecipe(name, { nLayer: name === 'bigram' ? undefined : 2, ...changes });
  const device = await createDevice({ threads: 1 });
  try {
    const { trainer, model, dataset } = await createTraining({ recipe, text, device });
    const tokens = dataset.train.length + dataset.validation.length;
    const plan = planTraining(recipe, model.tokenizer.vocabSize, tokens);
    expect(plan.parameters).toBe(model.network.parameterCount());
    expect(plan.flopsPerStep / trainer.training.flops).toBeGreaterThan(0.9);
    expect(plan.flopsPerStep / trainer.training.flops).toBeLessThan(1.2);
    const { length: instructions } = await trainer.training.profile(1, 0, trainer.nextBatches());
    // Of several batches gradients are added up, which is not planned.
    const least = recipe.gradientAccumulationSteps > 1 ? 0.6 : 0.9;
    expect(plan.instructionsPerStep / instructions).toBeGreaterThan(least);
    expect(plan.instructionsPerStep / instructions).toBeLessThan(1.2);
    expect(plan.bytes / device.bytes).toBeGreaterThan(0.5); // the device holds a program for evaluations, too
    expect(plan.bytes / device.bytes).toBeLessThan(1.5);
    expect(plan.passes).toBeCloseTo((recipe.maxIters * plan.tokensPerStep) / dataset.train.length, 1);
  } finally {
    await device.dispose();
  }
});

it('warns of a text that is read too often', () => {
  const recipe = chooseRecipe('fast');
  expect(planTraining(recipe, 65, 1_115_394).repeats).toBe(false);
  expect(planTraining(recipe, 65, 200_000).repeats).toBe(true);
  expect(planTraining(chooseRecipe('shakespeare-char-cpu'), 65, 1_115_394).repeats).toBe(false);
});
