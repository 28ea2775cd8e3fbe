import { afterAll, describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import { plays } from '../data/plays.ts';
import { recipes } from '../recipes/recipes.ts';
import { createTraining } from '../recipes/training.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from './checkpoint.ts';
import { LossScale } from './loss-scale.ts';

const plain = await CpuDevice.create({ threads: 1 });
/** It says that it stores f16, so that its losses are scaled; yet it computes as the other does. */
const scaling = Object.assign(await CpuDevice.create({ threads: 1 }), { dtype: 'f16' as const });
afterAll(() => Promise.all([plain.dispose(), scaling.dispose()]));

const text = plays({ characters: 5000, seed: 1 });
const small = {
  ...{ blockSize: 8, batchSize: 2, nLayer: 1, nHead: 2, nEmbd: 16, warmupIters: 2, evalIters: 1 },
  ...{ maxIters: 10, lrDecayIters: 10, evalInterval: 5 },
};
const gpt = { ...recipes['shakespeare-char'].recipe, ...small };
const modern = { ...recipes.fast.recipe, ...small, ngramOrder: 3, ngramRows: 64 };

/** What a training tells of its steps, and its state after step `last`; begun with `scale`, or from a state. */
async function train(
  device: CpuDevice,
  recipe: typeof gpt | typeof modern,
  { scale, from, last = 10 }: { scale?: number; from?: TrainerState; last?: number } = {},
) {
  const { trainer } = await createTraining({ recipe, text, device });
  if (from) await trainer.restore(from);
  if (scale !== undefined) trainer.training.lossScale!.value = scale;
  const steps: (readonly [loss: number, gradNorm: number])[] = [];
  const controller = new AbortController();
  for await (const event of trainer.run(controller.signal)) {
    if (event.type !== 'step') continue;
    steps.push([event.loss, event.gradNorm]);
    if (event.step === last) controller.abort();
  }
  const state = await trainer.state();
  trainer.dispose();
  return { steps, state };
}

describe.each([
  ['gpt', gpt],
  ['of several batches', { ...gpt, gradientAccumulationSteps: 3 }],
  ['modern', modern],
] as const)('%s: a scaled loss', (_name, recipe) => {
  it('changes no bit, though no f16 rounds', async () => {
    const expected = await train(plain, recipe);
    const { steps, state } = await train(scaling, recipe);
    expect(steps).toEqual(expected.steps);
    expect(state.tensors).toEqual(expected.state.tensors);
    expect([state.progress.lossScale, expected.state.progress.lossScale]).toEqual([2 ** 16, undefined]);
  });

  it('is halved where gradients overflow, and their step made anew', async () => {
    const expected = await train(scaling, recipe);
    const { steps, state } = await train(scaling, recipe, { scale: 2 ** 130 });
    expect(steps).toEqual(expected.steps);
    expect(state.tensors).toEqual(expected.state.tensors);
    expect(state.progress.lossScale).toBeLessThanOrEqual(2 ** 127);
  });
});

describe('a checkpoint', () => {
  it('holds the scale, and goes on with it', async () => {
    const through = await train(scaling, gpt, { scale: 2 ** 9 });
    const first = await train(scaling, gpt, { scale: 2 ** 9, last: 4 });
    const from = decodeCheckpoint(encodeCheckpoint(first.state));
    expect(from.progress.lossScale).toBe(2 ** 9);
    const second = await train(scaling, gpt, { from });
    expect([...first.steps, ...second.steps]).toEqual(through.steps);
    expect(second.state.progress.lossScale).toBe(2 ** 9);
    expect(second.state.tensors).toEqual(through.state.tensors);
  });

  it('goes on without f16, and comes back with its scale', async () => {
    const { state } = await train(scaling, gpt, { scale: 2 ** 9, last: 4 });
    const there = await train(plain, gpt, { from: state, last: 7 });
    expect(there.steps.length).toBe(3);
    const back = await train(scaling, gpt, { from: there.state });
    expect(back.state.progress.lossScale).toBe(2 ** 9);
  });
});

it('a scale ends at 1', () => {
  const scale = new LossScale();
  let times = 0;
  while (scale.halve()) times++;
  expect([times, scale.value]).toEqual([16, 1]);
});
