import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../../engine/errors.ts';
import { sizeOf } from '../../../engine/tensor/shape.ts';
import { randomModelFile } from '../../../testing/model-file.ts';
import { trainBpe } from '../../data/tokenizer/bpe-trainer.ts';
import { ByteTokenizer } from '../../data/tokenizer/bytes.ts';
import { CharTokenizer } from '../../data/tokenizer/char.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import { loadModel } from '../../load-model.ts';
import { exportModel } from '../export.ts';
import { encodeModel, type ModelFile, type WeightType } from '../model-file.ts';
import { exportGGUF } from './export.ts';
import { importGGUF } from './import.ts';
import { decodeGGUF } from './read.ts';
import { decodeWeights, encodeWeights } from './weights.ts';
import { array, encodeGGUF, f32, i32, type Tensor, text, u32, type Value } from './write.ts';

const gpt = { model: 'gpt', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: 6, dropout: 0.1, bias: true } as const;

function written(model: ModelFile, dtype: WeightType = 'f32'): Uint8Array {
  const [file] = exportGGUF(model, { dtype });
  if (!(file?.data instanceof Uint8Array)) throw new Error('no file');
  return file.data;
}

const tokenizers: Record<string, Tokenizer> = {
  characters: CharTokenizer.fromText('to be, 永\n🎭é'),
  bytes: new ByteTokenizer(),
  bpe: trainBpe(['to be or not to be, that is the question'], { vocabSize: 270 }),
};

describe('GGUF', () => {
  it.each(Object.entries(tokenizers))('gives a model with a tokenizer of %s back', (_, tokenizer) => {
    for (const bias of [true, false]) {
      const model = randomModelFile({ ...gpt, bias }, { tokenizer });
      const read = importGGUF(written(model));
      expect(read.spec).toEqual(model.spec);
      expect([...read.tensors.keys()].sort()).toEqual([...model.tensors.keys()].sort());
      for (const [name, { shape, data }] of model.tensors) {
        expect(read.tensors.get(name)!.shape, name).toEqual(shape);
        // What silences the token that ends texts moves along where no logit changes.
        if (name !== 'transformer.ln_f.bias') expect(read.tensors.get(name)!.data, name).toEqual(data);
      }
      expect(read.tokenizer.vocabSize).toBe(tokenizer.vocabSize);
      expect(read.tokenizer.endOfText).toBe(tokenizer.endOfText);
      expect(read.tokenizer.constructor).toBe(tokenizer.constructor);
      const text = 'to be to be';
      expect(read.tokenizer.encode(text)).toEqual(tokenizer.encode(text));
    }
  });

  it('is opened where models are, and computes the same', async () => {
    const file = randomModelFile(gpt, { tokenizer: tokenizers.characters! });
    const tokens = [1, 2, 3, 0, 5];
    const logits = async (bytes: Uint8Array): Promise<number[]> => {
      const model = await loadModel(bytes, { threads: 1 });
      const { data } = await model.logits(tokens);
      await model.dispose();
      return Array.from(data);
    };
    const [ours, read] = [await logits(encodeModel(file)), await logits(written(file))];
    for (const [i, value] of ours.entries()) expect(read[i]).toBeCloseTo(value, 4);
    const chosen = new File([Buffer.from(written(file))], 'mine.gguf');
    const model = await loadModel([chosen], { threads: 1 });
    expect(model.tokenizer.vocabSize).toBe(file.tokenizer.vocabSize);
    await model.dispose();
  });

  it('holds blocks of 32 with 8 bits, and half-precision numbers, near what they were', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 64, maxLength: 64 }),
        (numbers) => {
          const data = Float32Array.from(numbers);
          const blocks = decodeWeights(encodeWeights(data, 'q8_0'), 'q8_0');
          const halves = decodeWeights(encodeWeights(data, 'f16'), 'f16');
          for (const [i, value] of data.entries()) {
            const block = data.subarray(32 * Math.floor(i / 32), 32 * Math.floor(i / 32) + 32);
            const largest = Math.max(...block.map(Math.abs));
            // Half a step, and what the scale itself is rounded by.
            expect(Math.abs(blocks[i]! - value)).toBeLessThanOrEqual(largest * (0.5 / 127 + 2 ** -11) + 1e-5);
            expect(Math.abs(halves[i]! - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -25);
          }
        },
      ),
    );
  });

  it('stores rows that are no whole blocks as f16, norms and positions as f32', () => {
    const types = (nEmbd: number): Record<string, string | undefined> => {
      const { tensors } = decodeGGUF(written(randomModelFile({ ...gpt, nEmbd }), 'q8'));
      return Object.fromEntries([...tensors].map(([name, { type }]) => [name, type]));
    };
    const [whole, cut] = [types(32), types(24)];
    expect(whole['blk.1.ffn_up.weight']).toBe('q8_0');
    expect([cut['blk.1.ffn_up.weight'], cut['blk.1.ffn_down.weight']]).toEqual(['f16', 'q8_0']);
    expect(whole['position_embd.weight']).toBe('f32');
    expect(whole['blk.0.attn_norm.weight']).toBe('f32');
  });

  it('says what llama.cpp asks for', () => {
    const model = randomModelFile({ ...gpt, bias: false }, { tokenizer: CharTokenizer.fromText('ab永') });
    const { metadata, tensors } = decodeGGUF(written(model));
    // Three characters of a byte or three, and the token that ends texts.
    expect(metadata.get('tokenizer.ggml.tokens')).toEqual(['a', 'b', 'æ°¸', '<|endoftext|>']);
    expect(metadata.get('tokenizer.ggml.token_type')).toEqual([1, 1, 1, 3]);
    expect(metadata.get('tokenizer.ggml.merges')).toEqual(['æ °', 'æ° ¸']);
    expect(metadata.get('tokenizer.ggml.eos_token_id')).toBe(3);
    expect(tensors.get('token_embd.weight')!.shape).toEqual([4, 32]);
    expect(tensors.get('blk.0.attn_qkv.weight')!.shape).toEqual([96, 32]);
    expect([...tensors.get('blk.0.attn_qkv.bias')!.bytes].every((byte) => byte === 0)).toBe(true);
    // Positions beyond the block are its last.
    expect(metadata.get('gpt2.context_length')).toBe(256);
    const { shape, bytes } = tensors.get('position_embd.weight')!;
    expect(shape).toEqual([256, 32]);
    const row = (i: number): Uint8Array => bytes.subarray(i * 128, (i + 1) * 128);
    expect(row(255)).toEqual(row(5));
    expect(row(4)).not.toEqual(row(5));
  });

  it('refuses other models by name', async () => {
    const modern = randomModelFile({
      ...{ model: 'modern', nLayer: 1, nHead: 1, nEmbd: 8, blockSize: 4 },
      ...{ ngramOrder: 1, ngramRows: 1, dropout: 0 },
    });
    expect(() => exportModel(modern, 'gguf')).toThrow(/gguf cannot hold a modern model/);
  });
});

/** A file of GPT-2 by somebody else, with what a test changes. */
function foreign(
  changes: Readonly<Record<string, Value | undefined>> = {},
  more: Readonly<Record<string, Tensor>> = {},
): Uint8Array {
  const zeros = (...shape: number[]): Tensor => ({
    ...{ shape, type: 'f32', bytes: new Uint8Array(4 * sizeOf(shape)) },
  });
  const texts = (...values: string[]): Value => array('text', values.map(text));
  const metadata: Record<string, Value | undefined> = {
    'general.architecture': text('gpt2'),
    'gpt2.context_length': u32(4),
    'gpt2.embedding_length': u32(2),
    'gpt2.block_count': u32(1),
    'gpt2.feed_forward_length': u32(8),
    'gpt2.attention.head_count': u32(1),
    'gpt2.attention.layer_norm_epsilon': f32(1e-5),
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text('gpt-2'),
    'tokenizer.ggml.tokens': texts('a', 'b', 'ab', '<|endoftext|>'),
    'tokenizer.ggml.token_type': array('i32', [1, 1, 1, 3].map(i32)),
    'tokenizer.ggml.merges': texts('a b'),
    ...changes,
  };
  const blocks = Object.entries({
    attn_norm: [2],
    attn_qkv: [6, 2],
    attn_output: [2, 2],
    ffn_norm: [2],
    ffn_up: [8, 2],
    ffn_down: [2, 8],
  }).flatMap(([name, shape]): [string, Tensor][] => [
    [`blk.0.${name}.weight`, zeros(...shape)],
    [`blk.0.${name}.bias`, zeros(shape[0]!)],
  ]);
  const tensors: Record<string, Tensor> = {
    'token_embd.weight': zeros(4, 2),
    'position_embd.weight': zeros(4, 2),
    'output_norm.weight': zeros(2),
    'output_norm.bias': zeros(2),
    ...Object.fromEntries(blocks),
    ...more,
  };
  const given = Object.entries(metadata).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  return encodeGGUF(new Map(given), new Map(Object.entries(tensors)));
}

describe('GGUF by others', () => {
  it('is read, with the GELU of GPT-2', () => {
    const { spec, tokenizer } = importGGUF(foreign());
    expect(spec).toEqual({
      ...{ model: 'gpt', vocabSize: 4, blockSize: 4, nLayer: 1, nHead: 1, nEmbd: 2 },
      ...{ dropout: 0, bias: true, activation: 'gelu_tanh' },
    });
    expect([...tokenizer.encode('abba<|endoftext|>')]).toEqual([2, 1, 0, 3]);
  });

  const one: Tensor = { shape: [4, 2], type: 'f32', bytes: new Uint8Array(32).fill(1) };
  it.each<[string, Uint8Array, RegExp]>([
    ['another architecture', foreign({ 'general.architecture': text('llama') }), /the architecture llama/],
    ['no architecture', foreign({ 'general.architecture': undefined }), /the architecture undefined/],
    ['another epsilon', foreign({ 'gpt2.attention.layer_norm_epsilon': f32(1e-6) }), /adds 1e-5/],
    ['odd feed-forward layers', foreign({ 'gpt2.feed_forward_length': u32(6) }), /layers of 6/],
    ['too many layers', foreign({ 'gpt2.block_count': u32(1e9) }), /not the 1000000000 layers/],
    ['a missing layer', foreign({ 'gpt2.block_count': u32(2) }), /blk\.1\.attn_norm\.weight is missing/],
    ['other words', foreign({ 'tokenizer.ggml.pre': text('llama-bpe') }), /cut by GPT-2's pattern/],
    ['another tokenizer', foreign({ 'tokenizer.ggml.model': text('llama') }), /only byte-level BPE/],
    ['an output layer of its own', foreign({}, { 'output.weight': one }), /not its table of embeddings/],
    ['an adapter', foreign({}, { 'blk.0.lora.weight': one }), /a tensor blk\.0\.lora\.weight/],
    ['a narrow table', foreign({}, { 'token_embd.weight': { ...one, shape: [8, 1] } }), /transformer\.wte/],
    ['our own note, damaged', foreign({ 'nanobard.model': text('{"model":"gpt"}') }), /nanobard\.model/],
  ])('with %s is refused', (_, bytes, message) => {
    expect(() => importGGUF(bytes)).toThrow(NanobardError);
    expect(() => importGGUF(bytes)).toThrow(message);
  });

  it('with types of weights that are not read is refused by their names', () => {
    const bytes = foreign();
    // The type stands after name, rank and sizes: of q4_0, 2.
    const name = new TextEncoder().encode('token_embd.weight');
    const at = Buffer.from(bytes).indexOf(Buffer.from(name)) + name.length;
    new DataView(bytes.buffer).setUint32(at + 4 + 2 * 8, 2, true);
    expect(() => importGGUF(bytes)).toThrow(/token_embd\.weight of ggml's type 2/);
  });

  it('that claims more than it holds is refused before memory is taken', () => {
    const with64 = (at: number, value: bigint): Uint8Array => {
      const bytes = foreign();
      new DataView(bytes.buffer).setBigUint64(at, value, true);
      return bytes;
    };
    expect(() => decodeGGUF(with64(8, 2n ** 40n))).toThrow(/1099511627776 tensors/);
    expect(() => decodeGGUF(with64(16, 2n ** 63n))).toThrow(/metadata entries/);
    expect(() => decodeGGUF(with64(24, 10_000_000n))).toThrow(/bytes of a text/);
    expect(() => decodeGGUF(foreign().subarray(0, 500))).toThrow(NanobardError);
    const nested = array('array', [array('i32', [])]);
    expect(() => decodeGGUF(foreign({ nested }))).toThrow(/list within a list/);
  });
});
