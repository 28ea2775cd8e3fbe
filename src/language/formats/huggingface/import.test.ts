import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomModelFile } from '../../../testing/model-file.ts';
import { thrownBy } from '../../../testing/thrown.ts';
import { BpeTokenizer } from '../../data/tokenizer/bpe.ts';
import { CharTokenizer } from '../../data/tokenizer/char.ts';
import { placeModel } from '../../load-model.ts';
import { type ExportedFile, exportModel } from '../export.ts';
import type { ReadFile } from '../folder.ts';
import type { ModelFile, WeightType } from '../model-file.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from '../safetensors.ts';
import { importHuggingFace } from './import.ts';

/** Folders that transformers 4 and 5 have written: scripts/fixtures/huggingface.py. */
const folder = (name: string): URL => new URL(`./fixtures/${name}/`, import.meta.url);

const readerOf =
  (name: string, changes: Readonly<Record<string, Uint8Array | string | undefined>> = {}): ReadFile =>
  async (file) => {
    const changed = changes[file];
    if (file in changes) return typeof changed === 'string' ? Buffer.from(changed) : changed;
    const url = new URL(file, folder(name));
    return existsSync(url) ? readFileSync(url) : undefined;
  };

async function logits(model: ModelFile, tokens: ArrayLike<number>): Promise<ArrayLike<number>> {
  const text = await placeModel(model, { device: 'cpu', threads: 1 });
  try {
    return (await text.logits(tokens)).data;
  } finally {
    await text.dispose();
  }
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((largest: number, x, i) => Math.max(largest, Math.abs(x - b[i]!)), 0);

const config = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL('config.json', folder(name)), 'utf8'));

const zeros = (shape: number[]): SafetensorsTensor => {
  return { dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b)) };
};

/** Changes an index so that it names one shard. */
function index(shard: string): Record<string, string> {
  return {
    'model.safetensors.index.json': JSON.stringify({ weight_map: { 'transformer.wte.weight': shard } }),
  };
}

describe('a folder that transformers has written', () => {
  it.each([
    ['plain', 'gelu_tanh'],
    ['f16', 'gelu_tanh'],
    ['bf16', 'gelu'],
    ['body', 'gelu_tanh'],
  ])('%s computes what it does there', async (name, activation) => {
    const model = await importHuggingFace(readerOf(name));
    expect(model.spec).toMatchObject({
      model: 'gpt',
      nLayer: 2,
      nHead: 3,
      nEmbd: 12,
      blockSize: 12,
      activation,
    });
    const { tensors } = decodeSafetensors(readFileSync(new URL('expected.safetensors', folder(name))));
    const [tokens, expected] = ['tokens', 'logits'].map((key) => tensors.get(key)!.data as ArrayLike<number>);
    const found = await logits(model, tokens!);
    expect(found).toHaveLength(expected!.length);
    expect(furthest(found, expected!)).toBeLessThan(1e-5);
    expect(model.tokenizer).toBeInstanceOf(BpeTokenizer);
    expect([...model.tokenizer.encode('To be the question')].slice(0, 12)).toEqual(Array.from(tokens!));
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another architecture', { model_type: 'llama' }, 'model_type: "llama" is not a GPT-2'],
    ['an activation', { activation_function: 'relu' }, 'activation_function: "relu" is not supported'],
    [
      'scaling by layer',
      { scale_attn_by_inverse_layer_idx: true },
      'scale_attn_by_inverse_layer_idx: true is not',
    ],
    ['unscaled attention', { scale_attn_weights: false }, 'scale_attn_weights: false is not supported'],
    ['cross attention', { add_cross_attention: true }, 'add_cross_attention: true is not supported'],
    ['a wider MLP', { n_inner: 96 }, 'n_inner: 96 is not supported, only 4 times n_embd'],
    ['another epsilon', { layer_norm_epsilon: 1e-6 }, 'layer_norm_epsilon: 0.000001 is not supported'],
    ['heads that do not fit', { n_head: 5 }, 'n_head: 5 does not divide n_embd 12'],
    ['a head of its own', { tie_word_embeddings: false }, 'tie_word_embeddings must be true'],
    ['quantized weights', { quantization_config: { bits: 4 } }, 'quantized weights are not supported'],
    ['more layers than there are', { n_layer: 1e9 }, 'does not fit its weights'],
    ['a width beyond all memory', { n_embd: 3e12 }, 'does not fit its weights'],
    ['another width', { n_positions: 13 }, 'transformer.wpe.weight has the shape (12, 12)'],
  ])('is refused with %s, by name', async (_, change, message) => {
    const changed = JSON.stringify({ ...config('plain'), ...change });
    await expect(importHuggingFace(readerOf('plain', { 'config.json': changed }))).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, string, Record<string, string | Uint8Array | undefined>, string]>([
    ['no weights', 'plain', { 'model.safetensors': undefined }, 'neither model.safetensors nor'],
    ['no tokenizer', 'plain', { 'tokenizer.json': undefined }, 'no tokenizer.json'],
    ['no config', 'plain', { 'config.json': undefined }, 'no config.json'],
    ['half a config', 'plain', { 'config.json': '{"model_type":' }, 'config.json is not JSON'],
    [
      'a shard outside of it',
      'f16',
      index('../../etc/passwd.safetensors'),
      'is not the name of a file in the folder',
    ],
    ['a shard by an absolute path', 'f16', index('/x.safetensors'), 'is not the name of a file'],
    ['a shard by a Windows path', 'f16', index('..\\x.safetensors'), 'is not the name of a file'],
    ['a pickle for a shard', 'f16', index('pytorch_model.bin'), 'is not the name of a file'],
    ['a shard that is missing', 'f16', index('model-00009-of-00009.safetensors'), 'which is not there'],
  ])('is refused with %s', async (_, name, changes, message) => {
    await expect(importHuggingFace(readerOf(name, changes))).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, (tensors: Map<string, SafetensorsTensor>) => void, string]>([
    [
      'a tensor that GPT-2 does not have',
      (all) => all.set('transformer.h.0.crossattention.c_attn.bias', zeros([3])),
      'has a tensor transformer.h.0.crossattention.c_attn.bias',
    ],
    [
      'a tensor twice',
      (all) => all.set('wpe.weight', all.get('transformer.wpe.weight')!),
      'stands in the model twice',
    ],
    [
      'one missing',
      (all) => all.delete('transformer.h.1.mlp.c_fc.bias'),
      'transformer.h.1.mlp.c_fc.bias is missing',
    ],
    [
      'a matrix that is none',
      (all) => all.set('transformer.h.0.attn.c_attn.weight', zeros([432])),
      'transformer.h.0.attn.c_attn.weight is (432), not a matrix',
    ],
  ])('is refused with %s', async (_, change, message) => {
    const { tensors } = decodeSafetensors(readFileSync(new URL('model.safetensors', folder('plain'))));
    change(tensors);
    const changed = { 'model.safetensors': encodeSafetensors(tensors) };
    await expect(importHuggingFace(readerOf('plain', changed))).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining(message),
    });
  });
});

/** A folder in memory. */
const inMemory =
  (files: readonly ExportedFile[]): ReadFile =>
  async (name) => {
    const data = files.find((file) => file.name === name)?.data;
    return typeof data === 'string' ? Buffer.from(data) : data;
  };

describe('a model in that form', () => {
  const shapes = fc.record({
    nLayer: fc.integer({ min: 1, max: 3 }),
    nHead: fc.integer({ min: 1, max: 3 }),
    blockSize: fc.integer({ min: 1, max: 9 }),
    bias: fc.boolean(),
    activation: fc.constantFrom('gelu', 'gelu_tanh'),
  });

  it('comes back as it was, with zeros for the biases that it did not have', async () => {
    const letters = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(shapes, letters, async (shape, text) => {
        const tokenizer = CharTokenizer.fromText(Buffer.from(text).toString());
        const spec = { model: 'gpt', ...shape, nEmbd: 4 * shape.nHead, dropout: 0 } as const;
        const model = randomModelFile(spec, { tokenizer });
        const back = await importHuggingFace(inMemory(exportModel(model, 'hf')));
        expect(back.spec).toEqual({ ...model.spec, bias: true });
        expect(back.tokenizer.toJSON()).toEqual(tokenizer.toJSON());
        for (const [name, { shape, data }] of back.tensors) {
          const before = model.tensors.get(name);
          expect(shape).toEqual(before?.shape ?? [data.length]);
          expect(data).toEqual(before?.data ?? new Float32Array(data.length));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('takes half the bytes in f16', async () => {
    const files = exportModel(await importHuggingFace(readerOf('plain')), 'hf', 'f16');
    const weights = files.find(({ name }) => name === 'model.safetensors')!.data as Uint8Array;
    expect([...decodeSafetensors(weights).tensors.values()].every(({ dtype }) => dtype === 'F16')).toBe(true);
    expect(JSON.parse(String(files[0]!.data))).toMatchObject({ dtype: 'float16', bos_token_id: 0 });
  });

  it.each([
    ['hf', undefined, 'config', 'to'],
    ['gguff', undefined, 'argument', 'to'],
    ['nanobard', 'f64', 'argument', 'dtype'],
  ])('is refused where it cannot be: a bigram to %s, %s', async (to, dtype, code, option) => {
    const bigram = randomModelFile({ model: 'bigram', blockSize: 4 });
    expect(thrownBy(() => exportModel(bigram, to, dtype as WeightType))).toMatchObject({
      code,
      options: [option],
    });
  });
});
