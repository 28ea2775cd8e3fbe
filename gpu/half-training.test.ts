// Training with activations stored as f16: it may be slow, so models are small.
import { describe, expect, it } from 'vitest';
import { WebGpuDevice } from '../src/engine/devices/webgpu/webgpu-device.ts';
import type { Recipe } from '../src/language/recipes/recipe.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from '../src/language/train/checkpoint.ts';
import { gpu } from './support/adapter.ts';
import { able } from './support/f16.ts';
import { models, training } from './support/models.ts';

const tiny = { nLayer: 1, nEmbd: 16, blockSize: 8, maxIters: 40, lrDecayIters: 40, evalInterval: 40 };
const gpt: Recipe = { ...models.gpt!, ...tiny } as Recipe;

/** Trains, from a state or with a first scale of the loss, up to step `last`. */
async function train(
  device: WebGpuDevice,
  recipe: Recipe,
  { from, scale, last = 40 }: { from?: TrainerState; scale?: number; last?: number } = {},
) {
  const { trainer } = await training(device, recipe);
  if (from) await trainer.restore(from);
  if (scale) await device.write(trainer.training.lossScale!.variable, [scale]);
  const losses: number[] = [];
  let skipped = 0;
  let validation = Number.NaN;
  const controller = new AbortController();
  for await (const event of trainer.run(controller.signal)) {
    if (event.type === 'eval') validation = event.val;
    if (event.type !== 'step') continue;
    losses.push(event.loss);
    if (event.skipped) skipped++;
    if (event.step === last) controller.abort();
  }
  const state = await trainer.state();
  trainer.dispose();
  return { losses, skipped, validation, state };
}

describe.skipIf(!able)('training in f16', async () => {
  if (!able) return;
  const device = await WebGpuDevice.create({ gpu, dtype: 'f16' });
  const exact = await WebGpuDevice.create({ gpu });

  it.each([1, 2, 3])('ends where f32 does, with seed %i', async (seed) => {
    const half = await train(device, { ...gpt, seed });
    const full = await train(exact, { ...gpt, seed });
    expect(half.losses).not.toEqual(full.losses);
    expect(Math.abs(half.validation - full.validation)).toBeLessThan(2e-2);
    expect(Math.abs(half.losses.at(-1)! - full.losses.at(-1)!)).toBeLessThan(2e-2);
    expect(full.validation).toBeLessThan(full.losses[0]! - 0.2); // it has learned
  });

  it('halves a scale with which gradients overflow, and goes on exactly from a checkpoint', async () => {
    const scale = 2 ** 26;
    const through = await train(device, gpt, { scale, last: 20 });
    expect(through.skipped).toBeGreaterThan(1);
    expect(through.skipped).toBeLessThan(18);
    expect(through.state.progress.lossScale).toBe(scale / 2 ** through.skipped);
    const first = await train(device, gpt, { scale, last: 2 });
    const from = decodeCheckpoint(encodeCheckpoint(first.state));
    const second = await train(device, gpt, { from, last: 20 });
    expect([...first.losses, ...second.losses]).toEqual(through.losses);
    expect(second.state.progress.lossScale).toBe(through.state.progress.lossScale);
    expect(second.state.tensors).toEqual(through.state.tensors);
  });
});
