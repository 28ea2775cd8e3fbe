import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plays } from '../../language/data/plays.ts';
import type { Recipe } from '../../language/recipes/recipe.ts';
import { recipes } from '../../language/recipes/recipes.ts';
import type { EvalEvent } from '../../language/train/events.ts';
import { type SampleTextOptions, SavedModel } from './saved-model.ts';
import { TrainingRun } from './training.ts';

const recipe: Recipe = {
  ...recipes['shakespeare-char-cpu'].recipe,
  ...{ nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8, batchSize: 2, dropout: 0.1 },
  ...{ maxIters: 6, lrDecayIters: 6, warmupIters: 2, evalInterval: 3, evalIters: 50, learningRate: 1e-2 },
};

const machine = { device: 'cpu', threads: 1 } as const;

let parent: string;
let text: string;
let run: TrainingRun;
const evals: EvalEvent[] = [];

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  text = join(parent, 'plays.txt');
  await writeFile(text, plays({ characters: 2000, seed: 1 }));
  run = await TrainingRun.create({
    recipeName: 'tiny',
    recipe,
    folder: join(parent, 'run'),
    data: text,
    ...machine,
  });
  for await (const event of run.events()) if (event.type === 'eval') evals.push(event);
});

afterAll(async () => {
  await rm(parent, { recursive: true });
});

async function write(
  model: SavedModel,
  prompt: string,
  options: Partial<SampleTextOptions> = {},
): Promise<string> {
  let written = '';
  for await (const piece of model.generate(prompt, { tokens: 30, ...options })) written += piece;
  return written;
}

describe('SavedModel', () => {
  it('is the model of the best checkpoint', async () => {
    const model = await SavedModel.load(run.folder.path, machine);
    const best = evals.filter((event) => event.best).at(-1)!;
    expect(model.iter).toBe(best.iter);
    expect(model.path).toBe(run.folder.checkpointPath('best'));
    const { loss, tokens } = await model.evaluate();
    expect(loss).toBe(best.valFull); // to the last bit
    expect(tokens).toBe(199);
    await model.dispose();
  });

  it('writes the same for the same seed, in characters that it knows', async () => {
    const model = await SavedModel.load(run.folder.path, machine);
    const first = await write(model, 'KING', { seed: 1 });
    expect(first).toHaveLength(30);
    expect(await write(model, 'KING', { seed: 2 })).not.toBe(first);
    expect(await write(model, 'KING', { seed: 1 })).toBe(first);
    expect(await write(model, '')).toBe(await write(model, '\n')); // begins with a new line
    expect(await write(model, 'KING', { seed: 1, stop: [first.slice(5, 8)] })).toBe(
      first.slice(0, first.indexOf(first.slice(5, 8))),
    );
    await expect(write(model, 'To 永')).rejects.toMatchObject({
      code: 'vocabulary',
      message: expect.stringContaining("'永'"),
    });
    await model.dispose();
  });

  it('writes several texts at the same time as it does one after the other', async () => {
    const model = await SavedModel.load(run.folder.path, machine);
    const prompts = ['a', 'e', 'th'];
    const apart: string[] = [];
    for (const prompt of prompts) apart.push(await write(model, prompt));
    expect(await Promise.all(prompts.map((prompt) => write(model, prompt)))).toEqual(apart);
    await model.dispose();
  });

  it('does not evaluate on a text that has changed', async () => {
    const model = await SavedModel.load(run.folder.path, machine);
    await writeFile(text, plays({ characters: 2000, seed: 2 }));
    await expect(model.evaluate()).rejects.toMatchObject({
      code: 'run-folder',
      message: `${text} has changed since the run ${run.folder.path} was trained on it`,
    });
    await model.dispose();
  });

  it('names what is missing or damaged', async () => {
    await expect(SavedModel.load(parent, machine)).rejects.toThrow(`${parent} is not the folder of a run`);
    const [best, last] = [run.folder.checkpointPath('best'), run.folder.checkpointPath('last')];
    await writeFile(best, 'no checkpoint');
    await expect(SavedModel.load(run.folder.path, machine)).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(best),
      hint: expect.stringContaining(last),
    });
    await rm(best);
    const model = await SavedModel.load(run.folder.path, machine);
    expect([model.path, model.iter]).toEqual([last, 6]);
    await model.dispose();
    await rm(last);
    await expect(SavedModel.load(run.folder.path, machine)).rejects.toThrow(
      `the run ${run.folder.path} has no checkpoint yet`,
    );
  });
});
