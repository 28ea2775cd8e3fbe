import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plays } from '../language/data/plays.ts';
import type { Recipe } from '../language/recipes/recipe.ts';
import { recipes } from '../language/recipes/recipes.ts';
import type { GenerateTextOptions, TextModel } from '../language/text-model.ts';
import type { EvalEvent } from '../language/train/events.ts';
import { loadModel } from './load-model.ts';
import { evaluateRun } from './runs/evaluate.ts';
import { TrainingRun } from './runs/training.ts';

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

const write = (model: TextModel, prompt: string, options: GenerateTextOptions = {}): Promise<string> =>
  model.write(prompt, { tokens: 30, ...options });

describe('the model of a run', () => {
  it('is that of its best evaluation', async () => {
    const model = await loadModel(run.folder.path, machine);
    const best = evals.filter((event) => event.best).at(-1)!;
    expect(model.step).toBe(best.step);
    await model.dispose();
    expect(await evaluateRun(run.folder.path, machine)).toEqual({
      ...{ loss: best.valFull, tokens: 199, step: best.step, notes: [] }, // to the last bit
      ...{ bytes: 199, characters: 199 },
    });
  });

  it('writes the same for the same seed, in characters that it knows', async () => {
    const model = await loadModel(run.folder.path, machine);
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
    const model = await loadModel(run.folder.path, machine);
    const prompts = ['a', 'e', 'th'];
    const apart: string[] = [];
    for (const prompt of prompts) apart.push(await write(model, prompt));
    expect(await Promise.all(prompts.map((prompt) => write(model, prompt)))).toEqual(apart);
    await model.dispose();
  });

  it('makes 256 tokens unless told otherwise, and stops when it is told to', async () => {
    const model = await loadModel(run.folder.path, machine);
    expect(await write(model, 'KING', { tokens: undefined })).toHaveLength(256);
    const whole = await write(model, 'KING');
    expect(await write(model, 'KING', { stop: whole[9] })).toBe(whole.slice(0, whole.indexOf(whole[9]!)));
    const controller = new AbortController();
    let pieces = 0;
    const endless = async (): Promise<void> => {
      for await (const _ of model.generate('', { tokens: 20_000, signal: controller.signal })) {
        if (++pieces === 3) controller.abort();
      }
    };
    await expect(endless()).rejects.toThrow(controller.signal.reason);
    expect(pieces).toBe(3);
    expect(await write(model, 'KING')).toBe(whole); // nothing is left over
    await model.dispose();
  });

  it.each([
    [{ tokens: 0 }, 'generate: tokens must be a whole number from 1 on, or Infinity, not 0'],
    [{ tokens: Number.NaN }, 'generate: tokens must be a whole number from 1 on, or Infinity, not NaN'],
    [{ tokens: '9' }, "generate: tokens must be a whole number from 1 on, or Infinity, not '9'"],
    [{ temperature: -1 }, 'generate: temperature must be a number from 0 on, not -1'],
    [{ temperature: Number.NaN }, 'generate: temperature must be a number from 0 on, not NaN'],
    [{ topK: 0.5 }, 'generate: topK must be'],
    [{ topP: 0 }, 'generate: topP must be'],
    [{ stop: 7 }, 'generate: stop must be a string or several, not 7'],
    [{ stop: [null] }, 'generate: stop must be a string or several, not an object of type Array'],
    [{ forget: -1 }, 'generate: forget must be'],
    [{ seed: -1 }, 'generate: seed must be'],
    [{ signal: 'now' }, "generate: signal must be an AbortSignal, not 'now'"],
    [{ topk: 3 }, "generate has no option 'topk'"],
    [null, 'generate takes an object of options, not null'],
  ])('refuses to generate with %j', async (options, message) => {
    const model = await loadModel(run.folder.path, machine);
    await expect(model.generate('', options as never).next()).rejects.toMatchObject({
      code: 'argument',
      message: expect.stringContaining(message),
    });
    await expect(model.generate(7 as never).next()).rejects.toThrow('prompt must be a string');
    await model.dispose();
  });

  it.each([
    [undefined, {}, 'loadModel: the source is not'],
    ['run', { threads: 0 }, 'loadModel: threads must be a whole number from 1 on, not 0'],
    ['run', null, 'loadModel takes an object of options, not null'],
  ])('refuses to load %j with %j', async (path, options, message) => {
    const folder = path && run.folder.path;
    await expect(loadModel(folder as never, options as never)).rejects.toMatchObject({
      code: 'argument',
      message: expect.stringContaining(message),
    });
  });

  it('is not measured on a text that has changed', async () => {
    await writeFile(text, plays({ characters: 2000, seed: 2 }));
    await expect(evaluateRun(run.folder.path, machine)).rejects.toMatchObject({
      code: 'run-folder',
      message: `${text} has changed since the run ${run.folder.path} was trained on it`,
    });
  });

  it('names what is missing or damaged', async () => {
    await expect(loadModel(parent, machine)).rejects.toThrow(`${parent} holds no model.safetensors`);
    await expect(loadModel(join(parent, 'nowhere'), machine)).rejects.toMatchObject({ code: 'file' });
    const { bestPath } = run.folder;
    await writeFile(bestPath, 'no model');
    await expect(loadModel(run.folder.path, machine)).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(`${run.folder.path}: model.safetensors: `),
    });
    await rm(bestPath);
    await expect(loadModel(run.folder.path, machine)).rejects.toMatchObject({ code: 'run-folder' });
  });
});
