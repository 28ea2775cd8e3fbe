import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import type { Device } from '../../engine/devices/device.ts';
import { neighbours } from '../../engine/devices/neighbours.ts';
import { ReferenceDevice } from '../../engine/devices/reference/reference-device.ts';
import { grad } from '../../engine/ops/grad.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Variable } from '../../engine/tensor/tensor.ts';
import { expectClose, integers } from '../../testing/check.ts';
import { overlapping, peersInProcess } from '../../testing/peers.ts';
import { Dataset } from '../data/dataset.ts';
import { createModel } from '../models/create.ts';
import { chooseRecipe } from '../recipes/choose.ts';
import type { Recipe, RecipeChanges } from '../recipes/recipe.ts';
import type { TrainerState } from './checkpoint.ts';
import type { TrainEvent } from './events.ts';
import { createOptimizer } from './optimizer.ts';
import { alone, type Peers } from './peers.ts';
import { Trainer } from './trainer.ts';

const VOCABULARY = 11;
const STEPS = 6;
const tokens = integers([600], VOCABULARY).data;

const small = { nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 4, dropout: 0, maxIters: STEPS, evalIters: 2 };
const training = { evalInterval: 3, warmupIters: 2, learningRate: 1e-2, lrDecayIters: STEPS, seed: 5 };
const tiny: RecipeChanges = { ...small, ...training };
const recipes: [string, Recipe][] = [
  ['AdamW', chooseRecipe('shakespeare-char-cpu', tiny)],
  ['gradient accumulation', chooseRecipe('shakespeare-char-cpu', { ...tiny, gradientAccumulationSteps: 3 })],
  ['one stream of random numbers', chooseRecipe('nanogpt-replay', tiny)],
  ['Muon and n-gram tables', chooseRecipe('fast', { ...tiny, ngramOrder: 3, ngramRows: 50 })],
];

async function trainer(
  recipe: Recipe,
  batchSize: number,
  peers: Peers = alone,
  on?: Device,
): Promise<Trainer> {
  const device = on ?? (await CpuDevice.create({ threads: 1 }));
  const config = { ...recipe, batchSize };
  const generator = new Generator(recipe.seed);
  const model = createModel({ ...recipe, vocabSize: VOCABULARY }).initialize(generator);
  const dataset = new Dataset(tokens, recipe.blockSize);
  return Trainer.create({ model, dataset, device, config, generator, peers });
}

async function events(from: Trainer, signal?: AbortSignal): Promise<TrainEvent[]> {
  const seen: TrainEvent[] = [];
  for await (const event of from.run(signal)) seen.push(event);
  return seen;
}

/** Losses of steps and evaluations. */
const losses = (all: readonly TrainEvent[]): number[] =>
  all.flatMap((event) => {
    if (event.type === 'step') return [event.loss, event.gradNorm];
    return event.type === 'eval' ? [event.train, event.val, event.valFull ?? 0] : [];
  });

/** Trains as many ranks as there are devices together; what each has seen, and what it holds in the end. */
async function together(recipe: Recipe, batchSize: number, size: number, all = peersInProcess(size)) {
  const ranks = await Promise.all(all.map((peers) => trainer(recipe, batchSize, peers)));
  const seen = await Promise.all(ranks.map((rank) => events(rank)));
  return { ranks, seen, states: await Promise.all(ranks.map((rank) => rank.state())) };
}

const bits = ({ tensors }: TrainerState): string[] =>
  [...tensors].map(
    ([name, { data }]) =>
      `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`,
  );

describe('Trainers with peers', () => {
  describe.each(recipes)('with %s', (_, recipe) => {
    it.each([2, 4])('train on %i ranks as one does with larger batches', async (size) => {
      const batchSize = 8 / size;
      const one = await trainer(recipe, 8);
      const expected = await events(one);
      const { seen, states } = await together(recipe, batchSize, size);
      expectClose(losses(seen[0]!), losses(expected), 1e-5, 'losses');
      for (const events of seen) expect(losses(events)).toEqual(losses(seen[0]!));
      // What Muon remembers is told to rank 0 alone.
      const everywhere = (state: TrainerState) => bits(state).filter((each) => !each.startsWith('muon'));
      for (const state of states) expect(everywhere(state)).toEqual(everywhere(states[0]!));
      // All that a checkpoint holds is what one rank would have written.
      const state = await one.state();
      for (const [name, { shape, data }] of state.tensors) {
        const other = states[0]!.tensors.get(name)!;
        expect(other.shape).toEqual(shape);
        if (name.startsWith('batch')) expect(other.data).toEqual(data);
        else expectClose(other.data, data, 1e-2, name);
      }
      expect(states[0]!.progress.streams).toEqual(state.progress.streams);
    });
  });

  it.each(recipes)(
    'add up gradients while others are computed, to the same bits, with %s',
    async (_, recipe) => {
      for (const changes of [{}, { nLayer: 3, nEmbd: 128, shardOptimizer: true }]) {
        const changed = { ...recipe, ...changes };
        const peers = overlapping(2);
        const [during, after] = [await together(changed, 2, 2, peers), await together(changed, 2, 2)];
        expect(during.seen.map(losses)).toEqual(after.seen.map(losses));
        expect(during.states.map(bits)).toEqual(after.states.map(bits));
        for (const { begun } of peers) {
          expect(begun).toHaveLength(STEPS);
          // The last layer's gradients are complete long before the first's. Of several batches the sums come at the end.
          if ('nLayer' in changes && recipe.gradientAccumulationSteps === 1)
            for (const pauses of begun) expect(Math.max(...pauses)).toBeGreaterThan(10);
        }
      }
    },
  );

  it.each(recipes)("share out the optimizer's state and give the same bits with %s", async (_, recipe) => {
    const shared = { ...recipe, shardOptimizer: true };
    const sorted = (state: TrainerState): string[] => bits(state).sort();
    const bytes = ([start]: readonly TrainEvent[]): number => (start?.type === 'start' ? start.bytes : 0);
    const stop = { maxIters: STEPS / 2 };
    for (const size of [2, 3]) {
      const whole = await together({ ...recipe, ...stop }, 2, size);
      const parts = await together({ ...shared, ...stop }, 2, size);
      for (const [rank, events] of parts.seen.entries()) {
        expect(losses(events)).toEqual(losses(whole.seen[0]!));
        expect(bytes(events)).toBeLessThan(bytes(whole.seen[rank]!));
      }
      expect(sorted(parts.states[0]!)).toEqual(sorted(whole.states[0]!));
      // Other ranks go on, with other shares or none; and tell again what they were told.
      const state = parts.states[0]!;
      const onward = async (next: Recipe) => {
        const ranks = await Promise.all(peersInProcess(2).map((each) => trainer(next, 2, each)));
        for (const rank of ranks) await rank.restore(state);
        expect(sorted(await ranks[0]!.state()).filter((each) => !each.startsWith('batch'))).toEqual(
          sorted(state).filter((each) => !each.startsWith('batch')),
        );
        const rest = await Promise.all(ranks.map((rank) => events(rank)));
        return [losses(rest[0]!), losses(rest[1]!), sorted(await ranks[0]!.state())];
      };
      expect(await onward(shared)).toEqual(await onward(recipe));
    }
  });

  it('update what each has its share of as one does that has all, bit for bit', async () => {
    const [, recipe] = recipes[3]!;
    const batch = new Dataset(tokens, recipe.blockSize).batch('train', 4, new Generator(1));
    const updated = async (config: Recipe, peers: Peers) => {
      const device = await CpuDevice.create({ threads: 1 });
      const model = createModel({ ...config, vocabSize: VOCABULARY }).initialize(new Generator(2));
      const { optimizer, shards } = createOptimizer(model, config, peers);
      const { parameters } = optimizer;
      const owners = parameters.map((parameter) => shards?.ownerOf(parameter));
      const step = device.compile((x, y) => optimizer.update(grad(model.loss(x, y), parameters)));
      for (let i = 0; i < 3; i++) {
        await step(...batch);
        await shards?.exchange(device);
      }
      return { owners, values: await Promise.all(parameters.map((parameter) => device.read(parameter))) };
    };
    const { values } = await updated(recipe, alone);
    for (const config of [recipe, { ...recipe, shardOptimizer: true }]) {
      const ranks = await Promise.all(peersInProcess(2).map((peers) => updated(config, peers)));
      for (const rank of ranks) {
        expect(new Set(rank.owners)).toEqual(new Set([0, 1, undefined]));
        expect(rank.values).toEqual(values);
      }
    }
  });

  it("cannot share out the optimizer's state where each trains for itself", async () => {
    const apart = { ...recipes[0]![1], shardOptimizer: true, syncEvery: 3 };
    await expect(trainer(apart, 4, peersInProcess(2)[0])).rejects.toThrow('need the optimizer’s whole state');
  });

  it('go on from a checkpoint with another number of ranks', async () => {
    const [, recipe] = recipes[0]!;
    const stop = { ...recipe, maxIters: STEPS / 2 };
    const expected = losses(await events(await trainer(recipe, 8)));
    for (const [before, after] of [
      [1, 2],
      [2, 4],
      [4, 1],
    ] as const) {
      const { seen, states } = await together(stop, 8 / before, before);
      const peers = peersInProcess(after);
      const ranks = await Promise.all(peers.map((each) => trainer(recipe, 8 / after, each)));
      for (const rank of ranks) await rank.restore(states[0]!);
      const rest = await Promise.all(ranks.map((rank) => events(rank)));
      expectClose([...losses(seen[0]!), ...losses(rest[0]!)], expected, 1e-5, `${before} to ${after}`);
    }
  });

  it('stop together, whoever is told to', async () => {
    const [, recipe] = recipes[0]!;
    await fc.assert(
      fc.asyncProperty(fc.nat(1), fc.nat(14), async (who, after) => {
        const ranks = await Promise.all(peersInProcess(2).map((peers) => trainer(recipe, 4, peers)));
        const controller = new AbortController();
        const seen = await Promise.all(
          ranks.map(async (rank, i) => {
            const all: string[] = [];
            for await (const event of rank.run(i === who ? controller.signal : undefined)) {
              if (i === who && all.length === after) controller.abort();
              all.push(
                event.type === 'end' ? `end ${event.step} ${event.reason}` : `${event.type} ${event.step}`,
              );
            }
            return all;
          }),
        );
        expect(seen[0]).toEqual(seen[1]);
        const last = seen[0]!.at(-1)!;
        // A step under way is finished, and at most one more: that is where the others learn of it.
        expect(last).toMatch(after < seen[0]!.length - 3 ? /interrupted$/ : /^end/);
      }),
      { numRuns: 12 },
    );
  });

  it('come together after every few steps: at first from the start, 1.33 times towards where they are on average', async () => {
    const [, recipe] = recipes[0]!;
    const rounds = { ...recipe, syncEvery: 3, maxIters: 3 };
    const plain = await trainer({ ...rounds, syncEvery: 1 }, 8);
    const outer = await trainer(rounds, 8);
    const start = await plain.state();
    await events(plain);
    await events(outer);
    const [after, together] = [await plain.state(), await outer.state()];
    for (const [name, { data }] of together.tensors) {
      if (/^(batch|adamw|outer)/.test(name)) continue;
      const from = start.tensors.get(name)!.data;
      const expected = Float32Array.from(
        after.tensors.get(name)!.data,
        (x, i) => from[i]! + 1.33 * (x - from[i]!),
      );
      expectClose(data, expected, 1e-5, name);
    }
  });

  it('train for themselves in between, learn, stop and go on together', async () => {
    const [, recipe] = recipes[0]!;
    const rounds = { ...recipe, syncEvery: 3, maxIters: 12, lrDecayIters: 12 };
    const { seen, states } = await together(rounds, 4, 2);
    const steps = seen.map((all) => all.flatMap((event) => (event.type === 'step' ? [event.step] : [])));
    expect(steps).toEqual([
      [3, 6, 9, 12],
      [3, 6, 9, 12],
    ]);
    expect(losses(seen[0]!)).toEqual(losses(seen[1]!));
    const shared = (state: TrainerState): string[] => bits(state).filter((each) => !each.startsWith('adamw'));
    expect(shared(states[0]!)).toEqual(shared(states[1]!));
    const vals = seen[0]!.flatMap((event) => (event.type === 'eval' ? [event.val] : []));
    expect(vals.at(-1)!).toBeLessThan(vals[0]! - 0.02);
    const ranks = await Promise.all(
      peersInProcess(2).map((peers) => trainer({ ...rounds, maxIters: 15 }, 4, peers)),
    );
    for (const rank of ranks) await rank.restore(states[0]!);
    const rest = await Promise.all(ranks.map((rank) => events(rank)));
    expect(losses(rest[0]!)).toEqual(losses(rest[1]!));
    await expect(trainer({ ...rounds, evalInterval: 4 }, 4)).rejects.toThrow('no multiple of syncEvery 3');
  });

  it('go on from a state after numbers that were not finite', async () => {
    for (const size of [1, 2]) {
      const [, recipe] = recipes[1]!;
      const ranks = await Promise.all(peersInProcess(size).map((peers) => trainer(recipe, 4, peers)));
      const states = await Promise.all(ranks.map((rank) => rank.state()));
      const broken = states.map(({ progress, tensors }) => ({
        progress: { ...progress, evaluated: true }, // a step comes first
        tensors: new Map(
          [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map(() => Number.NaN) }]),
        ),
      }));
      const run = (from: readonly TrainerState[]) =>
        Promise.allSettled(ranks.map((rank, i) => rank.restore(from[i]!).then(() => events(rank))));
      for (const { status } of await run(broken)) expect(status).toBe('rejected');
      for (const { status } of await run(states)) expect(status).toBe('fulfilled');
    }
  });

  it('drop out other activations at each rank', async () => {
    const recipe = chooseRecipe('shakespeare-char-cpu', { ...tiny, dropout: 0.5 });
    const { seen } = await together(recipe, 4, 2);
    const one = losses(await events(await trainer(recipe, 4)));
    expect(losses(seen[0]!)).toEqual(losses(seen[1]!));
    expect(losses(seen[0]!)[3]).not.toBe(one[3]);
  });
});

describe('Device.alter', () => {
  it('changes variables where they are, neighbours at once', async () => {
    const variables = [3, 64, 100].map(
      (size, i) => new Variable([size], { initial: new Float32Array(size).fill(i) }),
    );
    for (const device of [await CpuDevice.create({ threads: 1 }), new ReferenceDevice()]) {
      await device.alter(variables, (values) => {
        const floats = values.filter((each) => each instanceof Float32Array);
        const ranges = neighbours(floats);
        expect(ranges).toHaveLength(device instanceof CpuDevice ? 1 : 3);
        for (const range of ranges) for (let i = 0; i < range.length; i++) range[i]! += 10;
      });
      for (const [i, variable] of variables.entries())
        expect(await device.read(variable)).toEqual(new Float32Array(variable.size).fill(10 + i));
    }
  });
});
