import { expect, it, vi } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import type { Device } from '../../engine/devices/device.ts';
import { plays } from '../data/plays.ts';
import type { RecipeChanges } from '../recipes/recipe.ts';
import { createTraining } from '../recipes/training.ts';
import type { TrainEvent } from './events.ts';
import type { Trainer } from './trainer.ts';

/** The CPU device, with outputs that come a while after their run, as those of a GPU do. */
async function lateDevice(): Promise<Device> {
  const device = await CpuDevice.create({ threads: 1 });
  const load = device.load.bind(device);
  device.load = async (program) => {
    const executable = await load(program);
    const read = executable.read.bind(executable);
    executable.read = async (name) => {
      const values = read(name);
      const copy = values instanceof Promise ? values : values.slice(); // before the next run
      await new Promise((resolve) => setTimeout(resolve, 3));
      return copy;
    };
    return executable;
  };
  return device;
}

async function trainer(device: Device, changes: RecipeChanges = {}): Promise<Trainer> {
  const size = { nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8, batchSize: 2 };
  const length = { maxIters: 11, lrDecayIters: 11, warmupIters: 2, evalInterval: 5, evalIters: 1 };
  const text = plays({ characters: 2000, seed: 1 });
  const options = { recipe: 'shakespeare-char-cpu', ...size, ...length, ...changes } as const;
  return (await createTraining({ text, device, ...options })).trainer;
}

const timeless = ({ type, step, ...rest }: TrainEvent): object =>
  type === 'step' || type === 'eval'
    ? { type, step, ...rest, ms: 0, tokensPerSecond: 0 }
    : { type, step, reason: 'reason' in rest ? rest.reason : undefined };

async function events(from: Trainer, last?: string): Promise<object[]> {
  const seen: object[] = [];
  for await (const event of from.run()) {
    seen.push(timeless(event));
    if (`${event.type} ${event.step}` === last) break;
  }
  return seen;
}

it.each<[string, RecipeChanges]>([
  ['', {}],
  [' with gradient accumulation', { gradientAccumulationSteps: 2 }],
  [' with one random stream', { sharedStream: true }],
])('events and weights are those of a device that is done at once%s', async (_, changes) => {
  const once = await trainer(await CpuDevice.create({ threads: 1 }), changes);
  const late = await trainer(await lateDevice(), changes);
  expect(await events(late)).toEqual(await events(once));
  expect((await late.state()).tensors).toEqual((await once.state()).tensors);
});

it('a step is told of when three more have been started, and all before an evaluation', async () => {
  const late = await trainer(await lateDevice());
  const start = vi.spyOn(late.training, 'start');
  const started: number[] = [];
  for await (const { type } of late.run()) if (type === 'step') started.push(start.mock.calls.length);
  expect(started).toEqual([4, 5, 5, 5, 5, 9, 10, 10, 10, 10, 11]);
});

it('goes on from wherever it is left, with each step told once', async () => {
  const complete = await trainer(await lateDevice());
  const all = await events(complete);
  for (const last of ['start 0', 'step 1', 'step 2', 'eval 5', 'step 6', 'step 10']) {
    const first = await trainer(await lateDevice());
    const before = await events(first, last);
    const rest = (await first.rest()).map(timeless);
    const second = await trainer(await lateDevice());
    await second.restore(await first.state());
    const [, ...after] = await events(second);
    expect([...before, ...rest, ...after], last).toEqual(all);
    expect((await second.state()).tensors, last).toEqual((await complete.state()).tensors);
  }
});

it('tells what a state was taken in the middle of, and the step that diverged', async () => {
  const late = await trainer(await lateDevice());
  const seen: object[] = [];
  for await (const event of late.run()) {
    seen.push(timeless(event));
    if (event.type === 'step') await late.state();
  }
  expect(seen).toEqual(await events(await trainer(await lateDevice())));

  const wild = { decayLr: false, learningRate: 1e38, gradClip: 0, evalInterval: 1000, maxIters: 100 };
  const outcomes = [];
  for (const device of [await lateDevice(), await CpuDevice.create({ threads: 1 })]) {
    const diverging = await trainer(device, wild);
    const told: object[] = [];
    const failure = (async () => {
      for await (const event of diverging.run()) told.push(timeless(event));
    })();
    await expect(failure).rejects.toMatchObject({ code: 'diverged' });
    outcomes.push({ told, error: await failure.catch((error: Error) => error.message) });
  }
  expect(outcomes[0]).toEqual(outcomes[1]);
});
