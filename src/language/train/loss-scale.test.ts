import { afterAll, describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import { DynamicLossScale, FIRST_SCALE } from '../../engine/devices/webgpu/loss-scale.ts';
import { grad } from '../../engine/ops/grad.ts';
import { mul, ones, sum } from '../../engine/ops/index.ts';
import { Variable } from '../../engine/tensor/tensor.ts';
import { plays } from '../data/plays.ts';
import { AdamW } from '../optim/adamw.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { recipes } from '../recipes/recipes.ts';
import { createTraining } from '../recipes/training.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from './checkpoint.ts';
import type { StepEvent } from './events.ts';
import { alone } from './peers.ts';

const plain = await CpuDevice.create({ threads: 1 });
/** It says that it stores f16, so that its losses are scaled; yet it computes as the other does. */
const scaling = Object.assign(await CpuDevice.create({ threads: 1 }), {
  newLossScale: () => new DynamicLossScale(),
});
afterAll(() => Promise.all([plain.dispose(), scaling.dispose()]));

const text = plays({ characters: 5000, seed: 1 });
const small = {
  ...{ blockSize: 8, batchSize: 2, nLayer: 1, nHead: 2, nEmbd: 16, warmupIters: 2, evalIters: 1 },
  ...{ maxIters: 10, lrDecayIters: 10, evalInterval: 5 },
};
const gpt: Recipe = { ...recipes['shakespeare-char'].recipe, ...small };
const modern: Recipe = { ...recipes.fast.recipe, ...small, ngramOrder: 3, ngramRows: 64 };
/** With this one gradients have squares beyond f32, until it has been halved a few times. */
const TOO_LARGE = 2 ** 70;

/** What a training tells of its steps, and its state after step `last`; begun with `scale`, or from a state. */
async function train(
  device: CpuDevice,
  recipe: Recipe,
  { scale, from, last = 10 }: { scale?: number; from?: TrainerState; last?: number } = {},
) {
  const { trainer } = await createTraining({ recipe, text, device });
  if (from) await trainer.restore(from);
  if (scale !== undefined) await device.write(trainer.training.lossScale!.variable, [scale]);
  const before = await trainer.state();
  const steps: StepEvent[] = [];
  const controller = new AbortController();
  try {
    for await (const event of trainer.run(controller.signal)) {
      if (event.type !== 'step') continue;
      steps.push(event);
      if (event.step === last) controller.abort();
    }
    return { steps, before, state: await trainer.state() };
  } finally {
    trainer.dispose();
  }
}

const numbers = (steps: readonly StepEvent[]) => steps.map(({ loss, gradNorm }) => [loss, gradNorm]);
const parametersOf = ({ tensors }: TrainerState) =>
  [...tensors].filter(([name]) => name.startsWith('transformer.'));

describe.each([
  ['gpt', gpt],
  ['of several batches', { ...gpt, gradientAccumulationSteps: 3 } as Recipe],
  ['modern', modern],
])('%s: a scaled loss', (_name, recipe) => {
  it('changes no bit where nothing is rounded to f16', async () => {
    const expected = await train(plain, recipe);
    const { steps, state } = await train(scaling, recipe);
    expect(numbers(steps)).toEqual(numbers(expected.steps));
    expect(state.tensors).toEqual(expected.state.tensors);
    expect([state.progress.lossScale, expected.state.progress.lossScale]).toEqual([FIRST_SCALE, undefined]);
    expect(steps.every(({ skipped, lossScale }) => skipped === false && lossScale === FIRST_SCALE)).toBe(
      true,
    );
    expect(expected.steps.some((step) => 'skipped' in step)).toBe(false);
  });

  it('is halved where gradients overflow: their step is skipped, and the next ones are not', async () => {
    const one = await train(scaling, recipe, { scale: TOO_LARGE, last: 1 });
    expect(one.steps[0]).toMatchObject({ skipped: true, gradNorm: 0, lossScale: TOO_LARGE / 2 });
    expect(parametersOf(one.state).length).toBeGreaterThan(5);
    expect(parametersOf(one.state)).toEqual(parametersOf(one.before));
    const { steps, state } = await train(scaling, recipe, { scale: TOO_LARGE });
    const skipped = steps.filter((step) => step.skipped).length;
    expect(steps.map((step) => step.skipped)).toEqual(steps.map((_, i) => i < skipped));
    expect(skipped).toBeLessThan(9);
    expect(state.progress.lossScale).toBe(TOO_LARGE / 2 ** skipped);
    expect(parametersOf(state)).not.toEqual(parametersOf(one.state));
  });
});

describe('a checkpoint', () => {
  it('holds the scale, and goes on with it to the same bits', async () => {
    const through = await train(scaling, gpt, { scale: TOO_LARGE });
    const first = await train(scaling, gpt, { scale: TOO_LARGE, last: 1 });
    const from = decodeCheckpoint(encodeCheckpoint(first.state));
    expect(from.progress.lossScale).toBe(TOO_LARGE / 2);
    const second = await train(scaling, gpt, { from });
    expect(numbers([...first.steps, ...second.steps])).toEqual(numbers(through.steps));
    expect(second.state.progress.lossScale).toBe(through.state.progress.lossScale);
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

it('ranks are refused it', async () => {
  const peers = { ...alone, size: 2 };
  await expect(createTraining({ recipe: gpt, text, device: scaling, peers })).rejects.toMatchObject({
    code: 'config',
    message: 'ranks do not train together in f16',
  });
});

it('gradients that are not finite whatever the scale are an error', async () => {
  await expect(train(scaling, gpt, { scale: Number.NaN })).rejects.toMatchObject({
    code: 'diverged',
    message: expect.stringContaining('step 1: gradients are not finite'),
  });
});

it('is doubled every 2,000 steps, unless gradients overflow', async () => {
  const scale = new DynamicLossScale();
  const weight = new Variable([3], { name: 'weight', initial: Float32Array.of(1, 2, 4) });
  const optimizer = new AdamW([weight]);
  const step = scaling.compile((factor) => {
    const loss = mul(sum(mul(weight, ones([3]))), factor);
    const { gradients, rate, lossScale } = scale.unscaled(optimizer, grad(scale.scaled(loss), [weight]));
    return { gradient: gradients[0]!, rate, lossScale };
  });
  const run = async (number: number, factor: number) => {
    scale.step = number;
    const { gradient, rate, lossScale } = await step(factor);
    return [rate, Number(lossScale) / FIRST_SCALE, ...(gradient as { data: Float32Array }).data];
  };
  expect(await run(1999, 3)).toEqual([1, 1, 3, 3, 3]);
  expect(await run(2000, 3)).toEqual([1, 2, 3, 3, 3]);
  expect(await run(4000, Number.POSITIVE_INFINITY)).toEqual([0, 1, 0, 0, 0]);
  expect(await run(4001, 5)).toEqual([1, 1, 5, 5, 5]);
  step.dispose();
});
