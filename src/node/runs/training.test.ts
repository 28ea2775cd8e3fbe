import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plays } from '../../language/data/plays.ts';
import type { Recipe } from '../../language/recipes/recipe.ts';
import { recipes } from '../../language/recipes/recipes.ts';
import type { TrainEvent } from '../../language/train/events.ts';
import { version } from '../../version.ts';
import { SavedModel } from './saved-model.ts';
import { type NewRunOptions, TrainingRun } from './training.ts';

const recipe: Recipe = {
  ...recipes['shakespeare-char-cpu'].recipe,
  ...{ nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8, batchSize: 2, dropout: 0.1 },
  ...{ maxIters: 6, lrDecayIters: 6, warmupIters: 2, evalInterval: 2, evalIters: 1 },
};

const machine = { device: 'cpu', threads: 1 } as const;

let parent: string;
let text: string;
let count = 0;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  text = join(parent, 'plays.txt');
  await writeFile(text, plays({ characters: 2000, seed: 1 }));
});

afterAll(async () => {
  await rm(parent, { recursive: true });
});

function create(changes: Partial<NewRunOptions> = {}): Promise<TrainingRun> {
  const folder = join(parent, `run-${count++}`);
  return TrainingRun.create({ recipeName: 'tiny', recipe, folder, data: text, ...machine, ...changes });
}

/** All events, stopping the run after the step `stopAfter`. */
async function train(run: TrainingRun, stopAfter?: number): Promise<TrainEvent[]> {
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  for await (const event of run.events(controller.signal)) {
    events.push(event);
    if (event.type === 'step' && event.iter === stopAfter) controller.abort();
  }
  return events;
}

const names = (events: readonly TrainEvent[]): string[] =>
  events.map((event) => `${event.type}${event.type === 'checkpoint' ? ` ${event.kind}` : ''} ${event.iter}`);

const metrics = async (folder: string): Promise<TrainEvent[]> =>
  (await readFile(join(folder, 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What was computed, without times and paths. */
const results = (events: readonly TrainEvent[]): object[] =>
  events.flatMap((event) => {
    if (event.type === 'step')
      return { iter: event.iter, loss: event.loss, lr: event.lr, gradNorm: event.gradNorm };
    if (event.type === 'eval')
      return { iter: event.iter, train: event.train, val: event.val, valFull: event.valFull };
    return event.type === 'sample' ? event : [];
  });

describe('TrainingRun', () => {
  it('writes down what it does as it happens', async () => {
    const run = await create();
    const folder = run.folder.path;
    const events = await train(run);
    expect(names(events.filter((event) => event.type !== 'step' && event.type !== 'checkpoint'))).toEqual([
      ...['start 0', 'eval 0', 'eval 2', 'eval 4', 'eval 6', 'sample 6', 'end 6'],
    ]);
    expect(names(events).slice(0, 7)).toEqual([
      ...['start 0', 'eval 0', 'step 1', 'step 2', 'eval 2', 'checkpoint last 2', 'checkpoint best 2'],
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'finished' });
    expect((await readdir(folder)).sort()).toEqual([
      ...['checkpoints', 'config.json', 'metrics.jsonl', 'samples', 'tokenizer.json'],
    ]);
    expect(await metrics(folder)).toEqual(events.filter((event) => event.type !== 'sample'));
    const sample = events.find((event) => event.type === 'sample')!;
    expect(await readFile(join(folder, 'samples', 'step-6.txt'), 'utf8')).toBe(sample.text);
    expect([...sample.text]).toHaveLength(500);
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      nanobard: version,
      recipeName: 'tiny',
      recipe,
      data: { source: text, name: 'plays.txt', characters: 2000 },
    });
    expect(run.notices).toEqual([]);
  });

  it('trains, resumes and samples a modern model alike, and says when the text is too short for it', async () => {
    const modern: Recipe = {
      ...recipes.fast.recipe,
      ...{ nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8, batchSize: 2, ngramOrder: 3, ngramRows: 50 },
      ...{ maxIters: 6, lrDecayIters: 6, evalInterval: 2, evalIters: 1 },
    };
    const complete = await create({ recipe: modern });
    expect(complete.notices).toEqual([]);
    const first = await create({ recipe: modern });
    const folder = first.folder.path;
    const before = await train(first, 3);
    const after = await train(await TrainingRun.resume({ folder, ...machine }));
    const all = results(await train(complete));
    expect(all).toHaveLength(4 + 6 + 1); // evaluations, steps and a sample
    expect(results([...before, ...after])).toEqual(all);
    const model = await SavedModel.load(folder, machine);
    let text = '';
    for await (const piece of model.generate('', { tokens: 20, temperature: 1 })) text += piece;
    expect([...text]).toHaveLength(20);
    expect((await model.evaluate()).loss).toBeGreaterThan(0);
    await model.dispose();

    const again = await create({ recipe: { ...modern, maxIters: 300 } });
    expect(again.notices).toEqual([
      expect.stringMatching(
        /^The text is short for 300 updates: it is read about 2\.7 times.*--max-iters 113 /,
      ),
    ]);
  });

  it.each([1, 2, 3])(
    'goes on after step %i, where it was interrupted, as if nothing had happened',
    async (stopAfter) => {
      const whole = await train(await create());
      const run = await create();
      const folder = run.folder.path;
      const first = await train(run, stopAfter);
      expect(names(first).slice(-2)).toEqual([`checkpoint last ${stopAfter}`, `end ${stopAfter}`]);
      expect(first.at(-1)).toMatchObject({ reason: 'interrupted' });
      const second = await train(await TrainingRun.resume({ folder, ...machine }));
      expect(second[0]).toMatchObject({ type: 'start', iter: stopAfter });
      expect([...results(first), ...results(second)]).toEqual(results(whole));
      expect(results(await metrics(folder))).toEqual(results(whole).slice(0, -1)); // samples have files of their own
    },
  );

  it('goes on from the last checkpoint when it was killed between two, and does the steps since then again', async () => {
    const whole = await train(await create());
    const run = await create();
    for await (const event of run.events()) if (event.type === 'step' && event.iter === 5) break;
    const resumed = await TrainingRun.resume({
      folder: run.folder.path,
      recipeName: 'tiny',
      data: text,
      ...machine,
    });
    const events = await train(resumed);
    expect(events[0]).toMatchObject({ type: 'start', iter: 4 });
    expect(results(events)).toEqual(results(whole).slice(-4)); // steps 5 and 6, evaluation, sample
    expect(results(await metrics(run.folder.path))).toEqual(results(whole).slice(0, -1));
  });

  it('trains for longer when it is asked to', async () => {
    const run = await create();
    const folder = run.folder.path;
    await train(run);
    const longer = await TrainingRun.resume({ folder, overrides: { maxIters: 8 }, ...machine });
    expect(longer.recipe.maxIters).toBe(8);
    const events = await train(longer);
    expect(names(events.filter(({ type }) => type === 'step' || type === 'eval'))).toEqual([
      'step 7',
      'step 8',
      'eval 8',
    ]);
    expect((await TrainingRun.resume({ folder, ...machine })).recipe.maxIters).toBe(8);
  });

  it('refuses a recipe that could not be read back', async () => {
    const folder = join(tmpdir(), 'nanobard-never-made');
    const foreign = { ...recipes.bigram.recipe, note: 'x' };
    await expect(
      TrainingRun.create({ recipeName: 'x', recipe: foreign, data: 'plays', folder }),
    ).rejects.toThrow('note');
  });

  it('refuses to go on as another run', async () => {
    const run = await create();
    const folder = run.folder.path;
    await train(run, 1);
    const resume = (changes: object): Promise<TrainingRun> =>
      TrainingRun.resume({ folder, ...machine, ...changes });
    const another = join(parent, 'another.txt');
    await writeFile(another, plays({ characters: 2000, seed: 2 }));
    const refusals: [object, string][] = [
      [{ overrides: { nLayer: 2 } }, `the run ${folder} has nLayer 1, which cannot become 2`],
      [{ overrides: { seed: 1 } }, 'has seed 1337, which cannot become 1'],
      [{ overrides: { sharedStream: true } }, 'has sharedStream false, which cannot become true'],
      [{ recipeName: 'bigram' }, `the run ${folder} is of tiny, not bigram`],
      [{ data: another }, `the run ${folder} was trained on another text than another.txt`],
    ];
    for (const [changes, message] of refusals) {
      await expect(resume(changes)).rejects.toMatchObject({
        code: 'run-folder',
        message: expect.stringContaining(message),
      });
    }
    await expect(resume({ overrides: { maxIters: 0.5 } })).rejects.toMatchObject({ code: 'config' });
    expect((await train(await resume({}))).at(-1)).toMatchObject({ reason: 'finished' }); // nothing is lost
  });

  it('leaves nothing behind where it cannot begin', async () => {
    const occupied = (await create()).folder.path;
    await expect(create({ folder: occupied })).rejects.toMatchObject({
      code: 'run-folder',
      hint: expect.stringContaining('--out'),
    });
    const folder = join(parent, 'never');
    const short = join(parent, 'short.txt');
    await writeFile(short, 'To be');
    await expect(create({ folder, data: short })).rejects.toThrow('too short for a block size of 8');
    await expect(create({ folder, data: join(parent, 'nowhere.txt') })).rejects.toMatchObject({
      code: 'file',
    });
    await expect(create({ folder, recipe: { ...recipe, batchSize: 1e7 } })).rejects.toMatchObject({
      code: 'memory',
    });
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
  });

  it('says which checkpoint is damaged and where the other one is', async () => {
    const run = await create();
    const { folder } = run;
    await train(run, 3);
    const path = folder.checkpointPath('last');
    await writeFile(path, (await readFile(path)).subarray(0, 1000));
    await expect(TrainingRun.resume({ folder: folder.path, ...machine })).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(path),
      hint: expect.stringContaining(folder.checkpointPath('best')),
    });
    await rm(path);
    await expect(TrainingRun.resume({ folder: folder.path, ...machine })).rejects.toThrow(
      'has no checkpoint to go on from',
    );
  });

  it('keeps the last good checkpoint when it diverges, and names it', async () => {
    const wild = { learningRate: 1e38, minLr: 1e38, gradClip: 0, maxIters: 50 };
    const fresh = await create({ recipe: { ...recipe, ...wild } });
    const early = await train(fresh).catch((reason) => reason);
    expect(early).toMatchObject({ code: 'diverged', hint: expect.not.stringContaining('checkpoint') });

    const run = await create();
    await train(run);
    const resumed = await TrainingRun.resume({ folder: run.folder.path, overrides: wild, ...machine });
    const error = await train(resumed).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'diverged', message: expect.stringContaining('step') });
    expect(error.hint).toContain(`The last good checkpoint is ${run.folder.checkpointPath('last')}.`);
    const weights = (await run.folder.load('last'))!.tensors.get('transformer.wte.weight')!.data;
    expect(weights.every(Number.isFinite)).toBe(true);
  });
});
