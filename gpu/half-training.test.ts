// Training with activations stored as f16: it may be slow, so models are small.
import { describe, expect, it, vi } from 'vitest';
import { WebGpuDevice } from '../src/engine/devices/webgpu/webgpu-device.ts';
import type { Recipe } from '../src/language/recipes/recipe.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from '../src/language/train/checkpoint.ts';
import { watched } from './support/adapter.ts';
import { able } from './support/f16.ts';
import { losses, models, training } from './support/models.ts';

/** Steps that a training takes. */
const STEPS = 200;
const tiny = { nLayer: 1, nEmbd: 16, blockSize: 8, batchSize: 16 } as const;
const steps = { maxIters: STEPS, lrDecayIters: STEPS, evalInterval: STEPS, evalIters: 8 } as const;
const gpt = { ...models.gpt!, ...tiny, ...steps, learningRate: 5e-3, minLr: 5e-4 } as Recipe;
const modern = { ...models.modern!, ...tiny, ...steps } as Recipe;

/** Trains, from a state or with a first scale of the loss, up to step `last`. */
async function train(
  device: WebGpuDevice,
  recipe: Recipe,
  { from, scale, last = STEPS }: { from?: TrainerState; scale?: number; last?: number } = {},
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
    if (event.step === last && last < STEPS) controller.abort(); // or it ends by an evaluation
  }
  const state = await trainer.state();
  trainer.dispose();
  return { losses, skipped, validation, state };
}

describe.skipIf(!able)('training in f16', async () => {
  if (!able) return;
  const { gpu, devices } = watched();
  const device = await WebGpuDevice.create({ gpu, dtype: 'f16' });
  const exact = await WebGpuDevice.create({ gpu });

  it.each([
    ['GPT', 1, gpt],
    ['GPT', 2, gpt],
    ['GPT', 3, gpt],
    ['modern GPT', 1, modern],
  ])('a %s ends where it does in f32, with seed %i', async (_name, seed, recipe) => {
    const half = await train(device, { ...recipe, seed });
    const full = await train(exact, { ...recipe, seed });
    expect(half.losses).not.toEqual(full.losses);
    expect(half.skipped).toBeLessThan(8);
    expect(Math.abs(half.validation - full.validation)).toBeLessThan(2e-2);
    expect(full.validation).toBeLessThan(full.losses[0]! - 1); // it has learned
  });

  it('is one upload and one submission a step', async () => {
    const { trainer } = await training(device, gpt);
    await losses({ trainer }, 2); // what is made at the first evaluation and steps is there
    const submit = vi.spyOn(devices[0]!.queue, 'submit');
    const upload = vi.spyOn(devices[0]!.queue, 'writeBuffer');
    const steps = (await losses({ trainer }, 12)).length;
    expect(steps).toBeGreaterThanOrEqual(7);
    expect([submit, upload].map((spy) => spy.mock.calls.length)).toEqual([steps, steps]);
    vi.restoreAllMocks();
    trainer.dispose();
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
