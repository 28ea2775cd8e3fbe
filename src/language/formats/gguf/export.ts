import type { Exporter } from '../export.ts';
import { requireGPT } from '../huggingface/config.ts';
import type { StoredTensor } from '../load-parameters.ts';
import type { WeightType } from '../model-file.ts';
import { type TensorType, tensorTypes } from './format.ts';
import { isEmbedding, parts } from './names.ts';
import { silentRow } from './silent-row.ts';
import { tokenizerMetadata } from './tokenizer.ts';
import { decodeWeights, encodeWeights } from './weights.ts';
import { encodeGGUF, f32, type Tensor, text, u32, type Value } from './write.ts';

/** ggml's numbers of what most weights of a file are. */
const fileTypes: Record<WeightType, { number: number; tensor: TensorType }> = {
  f32: { number: 0, tensor: 'f32' },
  f16: { number: 1, tensor: 'f16' },
  q8: { number: 7, tensor: 'q8_0' },
};

/** llama.cpp's contexts have at least so many tokens, and it ends the process where one has no position. */
const LEAST_CONTEXT = 256;

/** A metadata entry of nanobard's own: the model's specification as JSON, for what GGUF has no words for. */
export const SPEC = 'nanobard.model';

/**
 * A GGUF file of a GPT, which llama.cpp and what is built on it run as GPT-2. Matrices are stored as `dtype` says, q8 as
 * q8_0; norms, biases and positions in f32. llama.cpp computes GELU by its approximation with tanh.
 *
 * A model with a block of less than 256 tokens gets a table of 256 positions, whose last rows repeat the last of the
 * model: texts may run on beyond the block, and become worse there.
 */
export const exportGGUF: Exporter = ({ spec, tokenizer, tensors }, { dtype }) => {
  const gpt = requireGPT(spec);
  const { nLayer, nHead, nEmbd, blockSize } = gpt;
  const context = Math.max(blockSize, LEAST_CONTEXT);
  const entries: [string, Value][] = [
    ['general.architecture', text('gpt2')],
    ['general.file_type', u32(fileTypes[dtype].number)],
    ['general.quantization_version', u32(2)],
    ['gpt2.context_length', u32(context)],
    ['gpt2.embedding_length', u32(nEmbd)],
    ['gpt2.block_count', u32(nLayer)],
    ['gpt2.feed_forward_length', u32(4 * nEmbd)],
    ['gpt2.attention.head_count', u32(nHead)],
    ['gpt2.attention.layer_norm_epsilon', f32(1e-5)],
    [SPEC, text(JSON.stringify({ ...gpt, vocabSize: tokenizer.vocabSize }))],
    ...tokenizerMetadata(tokenizer),
  ];

  const stored = new Map<string, Tensor>();
  const matrix = fileTypes[dtype].tensor;
  const vector = (data: Float32Array): Tensor => ({
    shape: [data.length],
    type: 'f32',
    bytes: encodeWeights(data, 'f32'),
  });
  for (const [theirs, ours] of parts(nLayer)) {
    const weight = tensors.get(`${ours}.weight`)!;
    const type = theirs === 'position_embd' || weight.shape.length === 1 ? 'f32' : matrix;
    const rows = { position_embd: context, token_embd: tokenizer.vocabSize }[theirs];
    const whole = rows === undefined ? weight : withRows(weight, rows);
    stored.set(`${theirs}.weight`, encoded(whole, type));
    if (isEmbedding(theirs)) continue;
    const [width] = weight.shape as [number];
    const bias = gpt.bias ? tensors.get(`${ours}.bias`)!.data : new Float32Array(width);
    stored.set(`${theirs}.bias`, vector(Float32Array.from(bias)));
  }
  if (tokenizer.endOfText === undefined) silence(stored);
  return [{ name: 'model.gguf', data: encodeGGUF(new Map(entries), stored) }];
};

/** Adds a token that is never drawn: its row, and the bias of the last norm that goes with it. */
function silence(stored: Map<string, Tensor>): void {
  const [embedding, weight, bias] = ['token_embd.weight', 'output_norm.weight', 'output_norm.bias'].map(
    (name) => stored.get(name)!,
  ) as [Tensor, Tensor, Tensor];
  const [V, C] = embedding.shape as [number, number];
  const floats = ({ bytes, type }: Tensor): Float32Array => decodeWeights(bytes, type);
  const silent = silentRow(floats(embedding), floats(weight), floats(bias));
  const row = encodeWeights(silent.row, embedding.type);
  const bytes = new Uint8Array(embedding.bytes.length + row.length);
  bytes.set(embedding.bytes);
  bytes.set(row, embedding.bytes.length);
  stored.set('token_embd.weight', { ...embedding, shape: [V + 1, C], bytes });
  stored.set('output_norm.bias', { ...bias, bytes: encodeWeights(silent.bias, 'f32') });
}

/** Blocks do not go over the ends of rows: where rows are no whole number of them, f16 takes their place. */
function encoded({ shape, data }: StoredTensor, wanted: TensorType): Tensor {
  const type = shape.at(-1)! % tensorTypes[wanted].block === 0 ? wanted : 'f16';
  return { shape, type, bytes: encodeWeights(Float32Array.from(data), type) };
}

/** The first rows of a table; where it has less, its last again and again. */
function withRows({ shape, data }: StoredTensor, rows: number): StoredTensor {
  const [count, width] = shape as [number, number];
  const whole = new Float32Array(rows * width);
  whole.set(data.subarray(0, rows * width));
  for (let row = count; row < rows; row++) whole.set(data.subarray((count - 1) * width), row * width);
  return { shape: [rows, width], data: whole };
}
