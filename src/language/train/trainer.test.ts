import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import type { Device } from '../../engine/devices/device.ts';
import { ReferenceDevice } from '../../engine/devices/reference/reference-device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Dataset } from '../data/dataset.ts';
import { createModel } from '../models/create.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { recipes } from '../recipes/recipes.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from './checkpoint.ts';
import type { EvalEvent, StepEvent, TrainEvent } from './events.ts';
import { Trainer } from './trainer.ts';

const VOCABULARY = 11;

/** Tokens of which each is followed by one of two, so that there is something to learn. */
const random = new Generator(1);
let token = 0;
const tokens = Int32Array.from({ length: 1000 }, () => {
  token = (5 * token + 3 + random.randint(2)) % VOCABULARY;
  return token;
});
const dataset = new Dataset(tokens, 8);

type GptRecipe = Extract<Recipe, { model: 'gpt' }>;

const base: GptRecipe = {
  ...recipes['shakespeare-char-cpu'].recipe,
  ...{ nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 8, batchSize: 4 },
  ...{ maxIters: 10, lrDecayIters: 10, warmupIters: 3, learningRate: 1e-2 },
  ...{ evalInterval: 4, evalIters: 2, seed: 5 },
};

/** What makes the small recipe a modern one. */
const modern = {
  ...recipes.fast.recipe,
  ...{ nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 8, batchSize: 4, ngramOrder: 3, ngramRows: 50 },
  ...{ maxIters: 10, lrDecayIters: 10, evalInterval: 4, evalIters: 2, seed: 5 },
} satisfies Recipe;

type Changes = Partial<GptRecipe> | (typeof modern & Partial<Recipe>);

async function trainer(changes: Changes = {}, on?: Device): Promise<Trainer> {
  const device = on ?? (await CpuDevice.create({ threads: 1 }));
  const recipe = { ...base, ...changes } as Recipe;
  const generator = new Generator(recipe.seed);
  const model = createModel({ ...recipe, vocabSize: VOCABULARY }).initialize(generator);
  return Trainer.create({ model, dataset, device, config: recipe, generator });
}

/** An event without what the clock and the machine decide. */
function timeless(event: TrainEvent): object {
  const { ms, tokensPerSecond, seconds, trainSeconds, bytes, threads, ...rest } = { ...event } as Record<
    string,
    unknown
  >;
  return rest;
}

/** All events of a run, or those up to and including the `count`-th. */
async function events(
  from: Trainer,
  count = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): Promise<TrainEvent[]> {
  const seen: TrainEvent[] = [];
  for await (const event of from.run(signal)) {
    seen.push(event);
    if (seen.length === count) break;
  }
  return seen;
}

const steps = (all: readonly TrainEvent[]): StepEvent[] => all.filter((event) => event.type === 'step');
const losses = (all: readonly TrainEvent[]): number[] => steps(all).map(({ loss }) => loss);

/** A run from beginning to end: its events without times, and the parameters and optimizer state afterwards. */
async function whole(
  changes: Changes = {},
  device?: Device,
): Promise<{ events: object[]; tensors: TrainerState['tensors'] }> {
  const runs = await trainer(changes, device);
  const all = (await events(runs)).map(timeless);
  return { events: all, tensors: (await runs.state()).tensors };
}

describe('Trainer', () => {
  it('evaluates first, on the way and at the end, and learns', async () => {
    const all = await events(await trainer());
    const order = all.map((event) => `${event.type} ${event.step}`).join(', ');
    expect(order).toBe(
      'start 0, eval 0, step 1, step 2, step 3, step 4, eval 4, step 5, step 6, step 7, step 8, eval 8, step 9, step 10, eval 10, end 10',
    );
    const evals = all.filter((event): event is EvalEvent => event.type === 'eval');
    expect(evals[0]!.val).toBeCloseTo(Math.log(VOCABULARY), 1);
    expect(evals[0]).toMatchObject({ valFull: null, best: false }); // not worth the time, nor keeping
    expect(evals[1]!.best).toBe(true);
    expect(evals[1]!.valFull).toBeCloseTo(evals[1]!.val, 1);
    expect(evals.at(-1)!.valFull).toBeLessThan(evals[0]!.val - 0.1);
    const best = Math.min(...evals.map(({ val }) => val));
    expect(all.at(-1)).toMatchObject({ reason: 'finished', bestVal: best });
    expect(evals.filter((event) => event.best).at(-1)!.val).toBe(best);
    expect(all[0]).toMatchObject({ maxIters: 10, tokensPerStep: 32, device: 'cpu', threads: 1 });
    const rates = steps(all).map(({ learningRate }) => learningRate);
    expect(rates.slice(0, 4)).toEqual([2.5e-3, 5e-3, 7.5e-3, 1e-2]);
    expect(rates.at(-1)).toBeLessThan(2e-3);
  });

  it.each<[string, Changes]>([
    ['', {}],
    [' with dropout', { dropout: 0.2 }],
    [' with gradient accumulation', { gradientAccumulationSteps: 2 }],
    [' with one random stream', { sharedStream: true }],
    [' with a modern model', modern],
  ])('gives the same bits twice, and on any number of threads%s', async (_, changes) => {
    const once = await whole(changes);
    expect(await whole(changes)).toEqual(once);
    for (const threads of [2, 3]) {
      const device = await CpuDevice.create({ threads, flopsPerThread: 1 });
      expect(await whole(changes, device)).toEqual(once);
      await device.dispose();
    }
    expect(await whole({ ...changes, seed: 6 })).not.toEqual(once);
  });

  it.each<[string, Changes]>([
    ['', {}],
    [' with dropout and gradient accumulation', { dropout: 0.2, gradientAccumulationSteps: 2 }],
    [' with one random stream', { sharedStream: true }],
    [' with a modern model', modern],
  ])('goes on from a checkpoint after any event as if it had never stopped%s', async (_, changes) => {
    const complete = await whole(changes);
    for (let count = 1; count < complete.events.length; count++) {
      const first = await trainer(changes);
      const before = (await events(first, count)).map(timeless);
      const state = decodeCheckpoint(encodeCheckpoint(await first.state()));
      const second = await trainer({ ...changes });
      await second.restore(state);
      const [start, ...after] = (await events(second)).map(timeless);
      expect(start).toMatchObject({ type: 'start', step: state.progress.step });
      expect([...before, ...after], `stopped after ${count} events`).toEqual(complete.events);
      expect((await second.state()).tensors).toEqual(complete.tensors);
    }
  });

  it('trains on the same, however often it evaluates', async () => {
    const rarely = await events(await trainer({ evalInterval: 100 }));
    const often = await events(await trainer({ evalInterval: 1, evalIters: 5 }));
    expect(losses(often)).toEqual(losses(rarely));
    const shared = await events(await trainer({ evalInterval: 1, evalIters: 5, sharedStream: true }));
    expect(losses(shared)).not.toEqual(losses(await events(await trainer({ sharedStream: true }))));
  });

  it('takes the same steps for two batches whose gradients are averaged as for one of twice the size', async () => {
    for (const [create, digits] of [
      [() => new ReferenceDevice(), 12],
      [() => CpuDevice.create(), 5],
    ] as const) {
      const changes = { maxIters: 5, evalInterval: 100 };
      const apart = steps(
        await events(await trainer({ ...changes, gradientAccumulationSteps: 2 }, await create())),
      );
      const together = steps(await events(await trainer({ ...changes, batchSize: 8 }, await create())));
      for (const [i, { loss, gradNorm }] of apart.entries()) {
        expect(loss).toBeCloseTo(together[i]!.loss, digits);
        expect(gradNorm).toBeCloseTo(together[i]!.gradNorm, digits);
      }
    }
  });

  it('draws other dropout masks at each step, and none to evaluate', async () => {
    const changes = { learningRate: 1e-9, minLr: 0, maxIters: 2, evalInterval: 1 };
    const [without, withDropout] = [
      await events(await trainer(changes)),
      await events(await trainer({ ...changes, dropout: 0.5 })),
    ];
    const evals = (all: TrainEvent[]): number[] =>
      all.flatMap((event) => (event.type === 'eval' ? event.val : []));
    expect(evals(withDropout)[0]).toBe(evals(without)[0]);
    const effect = losses(withDropout).map((loss, i) => loss - losses(without)[i]!);
    expect(Math.abs(effect[0]!)).toBeGreaterThan(1e-6);
    expect(effect[1]).not.toBeCloseTo(effect[0]!, 6);
    // Two batches of one step draw what the batches of two steps do.
    const joint = await events(await trainer({ ...changes, dropout: 0.5, gradientAccumulationSteps: 2 }));
    const [first, second] = losses(withDropout) as [number, number];
    expect(losses(joint)[0]).toBeCloseTo((first + second) / 2, 6);
  });

  it('measures an untrained model by few windows, by as many as nanoGPT where it shares its stream', async () => {
    for (const [sharedStream, same] of [
      [false, true],
      [true, false],
    ]) {
      const changes = { maxIters: 1, evalInterval: 100, sharedStream: sharedStream! };
      const first = async (evalIters: number): Promise<number> =>
        (await events(await trainer({ ...changes, evalIters }), 2)).flatMap((event) =>
          event.type === 'eval' ? event.train : [],
        )[0]!;
      expect((await first(2)) === (await first(9))).toBe(same);
      expect(await first(1)).not.toBe(await first(2));
    }
  });

  it('keeps the learning rate where it is not to decay', async () => {
    const all = await events(await trainer({ decayLr: false, maxIters: 3 }));
    expect(steps(all).map(({ learningRate }) => learningRate)).toEqual([1e-2, 1e-2, 1e-2]);
  });

  it('finishes the step under way when it is told to stop, and can go on', async () => {
    const complete = await whole();
    for (const stopAt of ['start 0', 'step 3', 'step 4', 'eval 4', 'step 10']) {
      const controller = new AbortController();
      const first = await trainer();
      const before: object[] = [];
      for await (const event of first.run(controller.signal)) {
        if (event.type !== 'end') before.push(timeless(event));
        else expect(event).toMatchObject({ reason: 'interrupted', step: Number(stopAt.split(' ')[1]) });
        if (`${event.type} ${event.step}` === stopAt) controller.abort();
      }
      expect(before.at(-1)).toMatchObject({ type: stopAt.split(' ')[0] }); // no evaluation after it
      const second = await trainer();
      await second.restore(await first.state());
      const [, ...after] = (await events(second)).map(timeless);
      expect([...before, ...after], stopAt).toEqual(complete.events);
    }
  });

  it('stops with code diverged at the first loss that is not finite, of a step or an evaluation', async () => {
    const changes = { decayLr: false, learningRate: 1e38, gradClip: 0, maxIters: 100 };
    for (const [evalInterval, message] of [
      [100, /^step \d+: the loss is (NaN|Infinity)/],
      [1, /^after step \d+ the losses are NaN/],
    ] as const) {
      const error = await events(await trainer({ ...changes, evalInterval })).catch((reason) => reason);
      expect(error).toBeInstanceOf(NanobardError);
      expect((error as NanobardError).code).toBe('diverged');
      expect((error as NanobardError).message).toMatch(message);
      expect((error as NanobardError).hint).toContain('learning rate');
    }
  });

  it('does not take the state of another model', async () => {
    const state = await (await trainer()).state();
    const wider = await trainer({ nEmbd: 32 });
    await expect(wider.restore(state)).rejects.toThrow(
      'the checkpoint is of another model: transformer.wte.weight has the shape (11, 16)',
    );
    const deeper = await trainer({ nLayer: 2 });
    const before = await deeper.state();
    await expect(deeper.restore(state)).rejects.toThrow('transformer.h.1.ln_1.weight is missing');
    expect(await deeper.state()).toEqual(before); // nothing was written
    const same = await trainer();
    const [name, { shape }] = [...state.tensors][0]!;
    const integers = { shape, data: new Int32Array(shape.reduce((a, b) => a * b, 1)) };
    const foreign = { shape: [1], data: Int32Array.of(VOCABULARY) };
    for (const [tensor, message] of [
      [[name, integers], `${name} holds numbers of another type`],
      [['batch.x', foreign], 'holds tokens of another vocabulary'],
    ] as const) {
      const tensors = new Map([...state.tensors, tensor]);
      await expect(same.restore({ ...state, tensors })).rejects.toMatchObject({
        code: 'checkpoint',
        message: expect.stringContaining(message),
      });
    }
  });
});
