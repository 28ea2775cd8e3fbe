// What nanobard itself makes of the models.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { Decoder, Generator, loadModel, type TextModel } from '../../src/index.ts';
import { exportModel } from '../../src/language/formats/export.ts';
import { decodeModel, type WeightType } from '../../src/language/formats/model-file.ts';
import type { KindName } from './models.ts';

const fileOf = (name: KindName): string => join(inject('folder'), `${name}.safetensors`);

export async function open(name: KindName): Promise<TextModel> {
  return loadModel(new Uint8Array(await readFile(fileOf(name))), { device: 'cpu' });
}

/** Exports a model into a folder of its own, by name; returns that folder. */
export async function exported(name: KindName, to: string, dtype: WeightType): Promise<string> {
  const folder = join(inject('folder'), `${name}-${to}-${dtype}`);
  const model = decodeModel(new Uint8Array(await readFile(fileOf(name))));
  for (const file of exportModel(model, to, dtype)) {
    await mkdir(dirname(join(folder, file.name)), { recursive: true });
    await writeFile(join(folder, file.name), file.data);
  }
  return folder;
}

/** The likeliest token after each, `count` times. */
export async function greedy(model: TextModel, prompt: ArrayLike<number>, count: number): Promise<number[]> {
  const decoder = await Decoder.create(model.network, model.device);
  const tokens: number[] = [];
  const options = { tokens: count, temperature: 0, generator: new Generator(1) };
  for await (const token of decoder.generate(prompt, options)) tokens.push(token);
  decoder.dispose();
  return tokens;
}

/** The likeliest token at a place, and how far the second lies below it. */
export interface Top {
  readonly token: number;
  readonly gap: number;
}

/** The likeliest next token after each of these. */
export async function tops(model: TextModel, tokens: ArrayLike<number>): Promise<Top[]> {
  const { data } = await model.logits(tokens);
  const V = model.tokenizer.vocabSize;
  return Array.from(tokens, (_, t) => {
    const logits = Float64Array.from(data.subarray(t * V, (t + 1) * V));
    const [first, second] = Float64Array.from(logits).sort().reverse() as unknown as [number, number];
    return { token: logits.indexOf(first), gap: first - second };
  });
}

/** Parts of a text, `length` tokens each. */
export function windows(model: TextModel, text: string, length: number, count: number): number[][] {
  const tokens = Array.from(model.tokenizer.encode(text));
  const stride = Math.floor((tokens.length - length) / count);
  return Array.from({ length: count }, (_, i) => tokens.slice(i * stride, i * stride + length));
}
