import { expect, it } from 'vitest';
import { createDevice } from '../../engine/devices/create.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { peersInProcess } from '../../testing/peers.ts';
import { createModel } from '../models/create.ts';
import { createOptimizer } from '../train/optimizer.ts';
import { alone, type Peers } from '../train/peers.ts';
import { TrainingStep } from '../train/step.ts';
import { checkMemory } from './check-memory.ts';
import { chooseRecipe } from './choose.ts';
import type { Recipe, RecipeChanges } from './recipe.ts';

/** What `checkMemory` says is needed, in bytes, of each rank. */
function needed(recipe: Recipe, ranks = 1): number {
  try {
    checkMemory(recipe, 65, 'cpu', 0, ranks);
  } catch (error) {
    return Number(/needs ([\d,]+) MB/.exec((error as Error).message)![1]!.replaceAll(',', '')) * 2 ** 20;
  }
  throw new Error('nothing is needed');
}

it.each<[string, RecipeChanges]>([
  ['shakespeare-char-cpu', { nLayer: 8192 }],
  ['shakespeare-char-cpu', { nLayer: 1_000_000_000 }],
  ['shakespeare-char-cpu', { nEmbd: 100_000 }],
  ['shakespeare-char-cpu', { blockSize: 100_000_000 }],
  ['fast', { nEmbd: 100_000 }],
  ['fast', { ngramRows: 1_000_000_000 }],
  ['fast', { nLayer: 100_000 }],
])('%s with %j is refused at once', (name, changes) => {
  const begin = performance.now();
  expect(() => checkMemory(chooseRecipe(name, changes), 65)).toThrow(
    expect.objectContaining({
      code: 'memory',
      message: expect.stringMatching(/^a model of [\d,]+ parameters needs [\d,]+ MB at least .* available$/),
    }),
  );
  expect(performance.now() - begin).toBeLessThan(500);
});

it.each(['fast', 'shakespeare-char-cpu', 'bigram'])('never asks for more than %s takes', async (name) => {
  const recipe = chooseRecipe(name, { batchSize: 1 });
  const device = await createDevice({ device: 'cpu', threads: 1 });
  try {
    await TrainingStep.create(
      createModel({ ...recipe, vocabSize: 65 }).initialize(new Generator(1)),
      device,
      recipe,
    );
    expect(needed(recipe)).toBeLessThanOrEqual(device.bytes + 2 ** 20);
    expect(() => checkMemory(recipe, 65)).not.toThrow(NanobardError);
  } finally {
    await device.dispose();
  }
});

it.each<[string, RecipeChanges]>([
  ['fast', { ngramOrder: 2, nEmbd: 256 }],
  ['fast', { ngramOrder: 2, nEmbd: 256, shardOptimizer: true }],
  ['fast', { ngramOrder: 2, nEmbd: 256, syncEvery: 2 }],
  ['shakespeare-char-cpu', { nEmbd: 256 }],
  ['shakespeare-char-cpu', { nEmbd: 256, shardOptimizer: true }],
])('counts of %s with %j what each rank holds of the state, as the optimizer does', (name, changes) => {
  const recipe = chooseRecipe(name, changes);
  const model = createModel({ ...recipe, vocabSize: 65 });
  const held = (peers: Peers): number => {
    const { optimizer, shards } = createOptimizer(model, recipe, peers);
    const state = [...optimizer.state.values()].filter((variable) => !shards?.foreign(variable));
    return state.reduce((sum, { size }) => sum + 4 * size, 0);
  };
  const ranks = peersInProcess(2);
  const saved = held(ranks[0]!) + held(ranks[1]!) - 2 * held(alone);
  const mebibytes = (bytes: number): number => bytes / 2 ** 20;
  // Told in whole MiB.
  expect(Math.abs(mebibytes(2 * (needed(recipe, 2) - needed(recipe)) - saved))).toBeLessThanOrEqual(2);
});

it('counts all layers', () => {
  const layers = (nLayer: number): number =>
    needed(chooseRecipe('shakespeare-char-cpu', { nLayer, nEmbd: 512 }));
  expect(layers(30) - layers(20)).toBeCloseTo(layers(20) - layers(10), -7);
  expect(layers(2)).toBeLessThan(layers(3));
});

it("a GPU is not bound to the 4 GiB of the CPU device, but its weights to this machine's memory", () => {
  const recipe = chooseRecipe('shakespeare-char-cpu', { nLayer: 64, nEmbd: 1024 }); // 12 GB with gradients and moments
  const gib = 2 ** 30;
  expect(() => checkMemory(recipe, 65, 'cpu', 64 * gib)).toThrow('4,096 MB are available');
  expect(() => checkMemory(recipe, 65, 'webgpu', 64 * gib)).not.toThrow();
  expect(() => checkMemory(recipe, 65, 'webgpu', gib)).toThrow('1,024 MB are available');
});
