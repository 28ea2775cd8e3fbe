import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plays } from '../../language/data/plays.ts';
import type { Recipe } from '../../language/recipes/recipe.ts';
import { recipes } from '../../language/recipes/recipes.ts';
import type { TrainEvent } from '../../language/train/events.ts';
import { results } from '../../testing/outcome.ts';
import { create, machine, parent, recipe, text, train } from '../../testing/runs.ts';
import { version } from '../../version.ts';
import { loadModel } from '../load-model.ts';
import { evaluateRun } from './evaluate.ts';
import { defaultFolder, TrainingRun } from './training.ts';

const names = (events: readonly TrainEvent[]): string[] =>
  events.map((event) => `${event.type}${event.type === 'checkpoint' ? ` ${event.kind}` : ''} ${event.step}`);

const metrics = async (folder: string): Promise<TrainEvent[]> =>
  (await readFile(join(folder, 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('TrainingRun', () => {
  it('writes down what it does as it happens', async () => {
    const run = await create();
    const folder = run.folder.path;
    const events = await train(run);
    expect(names(events.filter((event) => event.type !== 'step' && event.type !== 'checkpoint'))).toEqual([
      ...['start 0', 'eval 0', 'eval 2', 'eval 4', 'eval 6', 'sample 6', 'end 6'],
    ]);
    expect(names(events).slice(0, 7)).toEqual([
      ...['start 0', 'eval 0', 'step 1', 'step 2', 'eval 2', 'checkpoint best 2', 'checkpoint last 2'],
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'finished' });
    expect((await readdir(folder)).sort()).toEqual([
      ...['checkpoints', 'config.json', 'metrics.jsonl', 'model.safetensors', 'samples', 'tokenizer.json'],
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
      data: { source: '../plays.txt', name: 'plays.txt', characters: 2000 },
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
    expect(all).toHaveLength(11); // six steps, four evaluations and the sample
    expect([...results(before), ...results(after)]).toEqual(all);
    const model = await loadModel(folder, machine);
    expect([...(await model.write('', { tokens: 20 }))]).toHaveLength(20);
    await model.dispose();
    expect((await evaluateRun(folder, machine)).loss).toBeGreaterThan(0);

    const again = await create({ recipe: { ...modern, maxIters: 300 } });
    expect(again.notices).toEqual([
      expect.stringMatching(
        /^The text is short for 300 steps: it is read about 2\.7 times.*With 113 steps in all /,
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
      const model = stopAfter < 3 ? [`checkpoint best ${stopAfter}`] : []; // step 2 has made one by then
      const expected = [`step ${stopAfter}`, ...model, `checkpoint last ${stopAfter}`, `end ${stopAfter}`];
      expect(names(first).slice(-expected.length)).toEqual(expected);
      expect(first.at(-1)).toMatchObject({ reason: 'interrupted' });
      const second = await train(await TrainingRun.resume({ folder, ...machine }));
      expect(second[0]).toMatchObject({ type: 'start', step: stopAfter });
      expect([...results(first), ...results(second)]).toEqual(results(whole));
      expect(results(await metrics(folder))).toEqual(results(whole).slice(0, -1)); // samples have files of their own
    },
  );

  it('goes on from the last checkpoint when it was killed between two, and does the steps since then again', async () => {
    const whole = await train(await create());
    const run = await create();
    const folder = `${run.folder.path}-killed`; // as it is on the disk at that moment
    for await (const event of run.events()) {
      if (event.type === 'step' && event.step === 5) await cp(run.folder.path, folder, { recursive: true });
    }
    for (const name of await readdir(folder)) if (name.startsWith('lock.')) await rm(join(folder, name));
    const resumed = await TrainingRun.resume({ folder, recipe: 'tiny', data: text, ...machine });
    const events = await train(resumed);
    expect(events[0]).toMatchObject({ type: 'start', step: 4 });
    expect(results(events)).toEqual(results(whole).slice(-4)); // steps 5 and 6, evaluation, sample
    expect(results(await metrics(folder))).toEqual(results(whole).slice(0, -1));
  });

  it('trains for longer when it is asked to', async () => {
    const run = await create();
    const folder = run.folder.path;
    await train(run);
    const longer = await TrainingRun.resume({ folder, maxIters: 8, ...machine });
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
      [{ nLayer: 2 }, `the run ${folder} has nLayer 1, which cannot become 2`],
      [{ seed: 1 }, 'has seed 1337, which cannot become 1'],
      [{ sharedStream: true }, 'has sharedStream false, which cannot become true'],
      [{ recipe: 'bigram' }, `the run ${folder} is of tiny, not bigram`],
      [{ data: another }, `the run ${folder} was trained on another text than another.txt`],
    ];
    for (const [changes, message] of refusals) {
      await expect(resume(changes)).rejects.toMatchObject({
        code: 'run-folder',
        message: expect.stringContaining(message),
      });
    }
    await expect(resume({ maxIters: 0.5 })).rejects.toMatchObject({ code: 'config' });
    expect((await train(await resume({}))).at(-1)).toMatchObject({ reason: 'finished' }); // nothing is lost
  });

  it('leaves nothing behind where it cannot begin', async () => {
    const occupied = (await create()).folder.path;
    await expect(create({ folder: occupied })).rejects.toMatchObject({
      code: 'run-folder',
      options: ['resume', 'folder'],
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
    const path = folder.lastPath;
    await writeFile(path, (await readFile(path)).subarray(0, 1000));
    await expect(TrainingRun.resume({ folder: folder.path, ...machine })).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(path),
      hint: expect.stringContaining(folder.bestPath),
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
    const resumed = await TrainingRun.resume({ folder: run.folder.path, ...wild, ...machine });
    const error = await train(resumed).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'diverged', message: expect.stringContaining('step') });
    expect(error.hint).toContain(`The last good checkpoint is ${run.folder.lastPath}.`);
    const weights = (await run.folder.loadState())!.tensors.get('transformer.wte.weight')!.data;
    expect(weights.every(Number.isFinite)).toBe(true);
  });

  it('takes a recipe by name and fields beside it, and calls the run after them', async () => {
    const folder = join(parent, 'named');
    const options = { batchSize: 2, evalIters: 1, data: text, folder, ...machine };
    const run = await TrainingRun.create({
      recipe: 'shakespeare-char-cpu',
      nLayer: 1,
      nEmbd: 8,
      maxIters: 3,
      ...options,
    });
    expect(run.folder.config.recipeName).toBe('shakespeare-char-cpu');
    expect(run.recipe).toMatchObject({ nLayer: 1, maxIters: 3, lrDecayIters: 3 });
    await run.dispose();
    expect((await create({ recipeName: undefined })).folder.config.recipeName).toBe('gpt');
  });

  it('names folders after recipe and time, so that they sort by age', () => {
    expect(defaultFolder('bigram', new Date(2026, 10, 2, 3, 4, 5))).toBe(
      join('runs', 'bigram-20261102-030405'),
    );
  });

  it('trains once, and frees its device', async () => {
    const run = await create();
    await train(run, 1);
    expect(() => run.events()).toThrow(
      expect.objectContaining({
        code: 'argument',
        message: 'this training run has begun already',
        hint: expect.stringContaining('TrainingRun.resume({ folder: '),
      }),
    );
    const unwanted = await create();
    await unwanted.dispose();
    await unwanted.dispose();
    expect(() => unwanted.events()).toThrow('this training run has been disposed');
    expect(() => unwanted.events('now' as never)).toThrow('signal must be an AbortSignal');
  });

  it('stops at once, with nothing lost, when the signal has been aborted before', async () => {
    const run = await create();
    const events: TrainEvent[] = [];
    for await (const event of run.events(AbortSignal.abort())) events.push(event);
    expect(names(events)).toEqual(['start 0', 'checkpoint best 0', 'checkpoint last 0', 'end 0']);
    expect(
      (await train(await TrainingRun.resume({ folder: run.folder.path, ...machine }))).at(-1),
    ).toMatchObject({
      reason: 'finished',
    });
  });

  it.each([
    [null, 'TrainingRun.create takes an object of options, not null'],
    [{ folder: 7 }, 'TrainingRun.create: folder must be the path of a folder, not 7'],
    [{ folder: '' }, "TrainingRun.create: folder must be the path of a folder, not ''"],
    [{ threads: Number.NaN }, 'TrainingRun.create: threads must be a whole number from 1 on, not NaN'],
    [{ threads: 1.5 }, 'TrainingRun.create: threads must be a whole number from 1 on, not 1.5'],
    [{ device: 'tpu' }, 'there is no device tpu'],
    [{ maxIter: 7 }, "TrainingRun.create has no option 'maxIter'"],
    [{ maxIters: Number.NaN }, 'maxIters NaN'],
    [{ recipeName: '../up' }, "recipeName must be a name that a folder can have, not '../up'"],
  ])('refuses the options %j', async (options, message) => {
    const given = options && { recipe: 'bigram', data: text, folder: join(parent, 'never'), ...options };
    await expect(TrainingRun.create(given as never)).rejects.toMatchObject({
      name: 'NanobardError',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    [undefined, 'TrainingRun.resume takes an object of options, not undefined'],
    [{}, 'TrainingRun.resume: folder must be the path of a folder; it was left out'],
    [{ folder: 7 }, 'folder must be the path of a folder, not 7'],
  ])('refuses to resume %j', async (options, message) => {
    await expect(TrainingRun.resume(options as never)).rejects.toMatchObject({
      code: 'argument',
      message: expect.stringContaining(message),
    });
  });
});
