import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CharTokenizer } from '../../language/data/tokenizer/char.ts';
import { recipes } from '../../language/recipes/recipes.ts';
import { snapshotOf, type TrainerState } from '../../language/train/checkpoint.ts';
import { progressAt } from '../../testing/progress.ts';
import type { RunConfig } from './run-config.ts';
import { RunFolder } from './run-folder.ts';

const tokenizer = CharTokenizer.fromText('to be or not 🎭');
const config: RunConfig = {
  nanobard: '1.2.3',
  recipeName: 'bigram',
  recipe: recipes.bigram.recipe,
  data: { source: '/texts/hamlet.txt', name: 'hamlet.txt', sha256: 'ab12', characters: 14 },
  ranks: 1,
  policy: {},
};

const state = (step: number): TrainerState => ({
  progress: progressAt(step),
  tensors: new Map([['w', { shape: [2], data: Float32Array.of(step, 0.1) }]]),
});

let parent: string;
let count = 0;
const fresh = (): string => join(parent, `run-${count++}`);

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
});

afterAll(async () => {
  await rm(parent, { recursive: true });
});

describe('RunFolder', () => {
  it('keeps what a run is, and says so when it is opened', async () => {
    const path = join(fresh(), 'deep', 'down');
    await RunFolder.create(path, config, tokenizer);
    const opened = await RunFolder.open(path);
    expect(opened.config).toEqual(config);
    expect(opened.tokenizer.toJSON()).toEqual(tokenizer.toJSON());
    await opened.change({ recipe: { ...config.recipe, maxIters: 77 }, policy: { keep: 3 } });
    expect(opened.config).toMatchObject({ recipe: { maxIters: 77 }, policy: { keep: 3 } });
    expect((await RunFolder.open(path)).config).toEqual(opened.config);
  });

  it('begins only in a new or empty folder', async () => {
    const empty = fresh();
    await mkdir(empty);
    await RunFolder.create(empty, config, tokenizer);
    await expect(RunFolder.create(empty, config, tokenizer)).rejects.toMatchObject({
      code: 'run-folder',
      message: `${empty} already holds a run`,
      hint: 'Resume that run, or choose another folder.',
      options: ['resume', 'folder'],
    });
    const used = fresh();
    await mkdir(used);
    await writeFile(join(used, 'thesis.txt'), '');
    await expect(RunFolder.create(used, config, tokenizer)).rejects.toThrow(`${used} is not empty`);
    expect(await readdir(used)).toEqual(['thesis.txt']);
    const file = join(used, 'thesis.txt');
    await expect(RunFolder.create(file, config, tokenizer)).rejects.toThrow(`${file} cannot be a run folder`);
    await expect(RunFolder.create(join(file, 'run'), config, tokenizer)).rejects.toMatchObject({
      name: 'NanobardError',
      message: expect.stringContaining(file),
    });
  });

  it('says what is missing or damaged, by its path', async () => {
    const path = fresh();
    await expect(RunFolder.open(path)).rejects.toMatchObject({
      code: 'run-folder',
      message: `${path} is not the folder of a run: it holds no config.json`,
    });
    await RunFolder.create(path, config, tokenizer);
    const configPath = join(path, 'config.json');
    const good = await readFile(configPath, 'utf8');
    for (const bad of [
      '{',
      '{}',
      good.replace('"bigram"', '7'),
      good.replace('"blockSize": 8', '"blockSize": -8'),
    ]) {
      await writeFile(configPath, bad);
      await expect(RunFolder.open(path)).rejects.toMatchObject({
        code: 'checkpoint',
        message: expect.stringContaining(`${configPath} is damaged: `),
      });
    }
    await writeFile(configPath, good);
    await writeFile(join(path, 'tokenizer.json'), '{"type":"char","characters":["ab"]}');
    await expect(RunFolder.open(path)).rejects.toThrow(
      `${join(path, 'tokenizer.json')} is damaged: Not a tokenizer`,
    );
    await writeFile(join(path, 'tokenizer.json'), '{"type":"of-next-year"}');
    await expect(RunFolder.open(path)).rejects.toMatchObject({
      hint: expect.stringContaining('may come from a newer nanobard'),
    });
    await rm(join(path, 'tokenizer.json'));
    await expect(RunFolder.open(path)).rejects.toThrow(`the run ${path} has lost its tokenizer.json`);
  });

  it('keeps the last state and the best model', async () => {
    const run = await RunFolder.create(fresh(), config, tokenizer);
    expect(await run.loadState()).toBeUndefined();
    expect(run.hasModel()).toBe(false);
    await run.saveState(snapshotOf(state(10)));
    await run.saveState(snapshotOf(state(20)));
    expect(await run.loadState()).toMatchObject({ progress: state(20).progress });
    expect((await run.loadState())!.tensors.get('w')!.data[0]).toBe(20);
    await run.saveModel(Uint8Array.of(1, 2, 3));
    expect(run.hasModel()).toBe(true);
    expect([...(await readFile(join(run.path, 'model.safetensors')))]).toEqual([1, 2, 3]);
    expect(await readdir(join(run.path, 'checkpoints'))).toEqual(['last.safetensors']);
  });

  it('names a damaged state, and the model that may still be good', async () => {
    const run = await RunFolder.create(fresh(), config, tokenizer);
    await run.saveState(snapshotOf(state(10)));
    await writeFile(run.lastPath, (await readFile(run.lastPath)).subarray(0, -3));
    await expect(run.loadState()).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(`${run.lastPath}: safetensors: `),
      hint: expect.stringContaining(run.bestPath),
    });
  });

  it('keeps samples', async () => {
    const run = await RunFolder.create(fresh(), config, tokenizer);
    await run.saveSample(250, 'Enter GHOST 🎭\n');
    expect(await readFile(join(run.path, 'samples', 'step-250.txt'), 'utf8')).toBe('Enter GHOST 🎭\n');
  });

  it('lets one of several begin in a folder at the same time', async () => {
    const path = fresh();
    const begun = await Promise.allSettled(
      Array.from({ length: 5 }, () => RunFolder.create(path, config, tokenizer)),
    );
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of begun) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'run-folder' });
    }
  });

  it('makes a folder for each that asks for the same name', async () => {
    const path = join(fresh(), 'runs', 'bigram');
    const made = await Promise.all(Array.from({ length: 4 }, () => RunFolder.make(path)));
    expect(made.toSorted()).toEqual([path, `${path}-2`, `${path}-3`, `${path}-4`]);
    await writeFile(join(parent, 'a-file'), '');
    await expect(RunFolder.make(join(parent, 'a-file', 'run'))).rejects.toMatchObject({ code: 'file' });
  });

  it('keeps a text that has no file', async () => {
    const path = fresh();
    await RunFolder.create(path, config, tokenizer, { name: 'text.txt', contents: 'to be' });
    expect(await readFile(join(path, 'text.txt'), 'utf8')).toBe('to be');
  });

  it('finds the newest run of a folder', async () => {
    const runs = fresh();
    await expect(RunFolder.newest(runs)).rejects.toMatchObject({
      message: `there is no run in ${runs}`,
      hint: 'Train one first, or give the folder of a run.',
    });
    for (const [name, seconds] of [
      ['a', 300],
      ['b', 500],
      ['c', 400],
    ] as const) {
      const run = await RunFolder.create(join(runs, name), config, tokenizer);
      await run.saveState(snapshotOf(state(1)));
      await utimes(join(runs, name, 'config.json'), seconds, seconds);
    }
    await mkdir(join(runs, 'd')); // not a run
    await writeFile(join(runs, 'notes.txt'), '');
    expect(await RunFolder.newest(runs)).toBe(join(runs, 'b'));
    await RunFolder.create(join(runs, 'failed'), config, tokenizer); // newer, but nothing came of it
    expect(await RunFolder.newest(runs)).toBe(join(runs, 'b'));
    const empty = fresh();
    await RunFolder.create(join(empty, 'failed'), config, tokenizer);
    await expect(RunFolder.newest(empty)).rejects.toMatchObject({
      code: 'run-folder',
      message: `no run in ${empty} has a checkpoint yet: ${join(empty, 'failed')}`,
    });
  });
});
