import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed, wholeFrom1 } from '../../fields.ts';
import { createModel, ModelSpecSchema } from '../../models/create.ts';
import type { GPTSpec } from '../huggingface/config.ts';
import { checkParameters, type StoredTensor } from '../load-parameters.ts';
import { checkSize, type ModelFile } from '../model-file.ts';
import { SPEC } from './export.ts';
import { isEmbedding, parts } from './names.ts';
import { decodeGGUF, type FoundTensor, type Metadata } from './read.ts';
import { readTokenizer } from './tokenizer.ts';
import { decodeWeights } from './weights.ts';

const HyperparametersSchema = v.object({
  'gpt2.context_length': wholeFrom1,
  'gpt2.embedding_length': wholeFrom1,
  'gpt2.block_count': wholeFrom1,
  'gpt2.feed_forward_length': wholeFrom1,
  'gpt2.attention.head_count': wholeFrom1,
  'gpt2.attention.layer_norm_epsilon': v.pipe(
    v.number(),
    v.check((value) => Math.abs(value - 1e-5) < 1e-9, 'nanobard adds 1e-5 to variances, nothing else'),
  ),
});

/**
 * The model of a GGUF file of GPT-2's architecture, by nanobard or by others, with weights in f32, f16 or q8_0.
 *
 * @throws {NanobardError} code `checkpoint`, naming what is damaged or not supported.
 */
export function importGGUF(bytes: Uint8Array): ModelFile {
  const { metadata, tensors } = decodeGGUF(bytes);
  const architecture = metadata.get('general.architecture');
  if (architecture !== 'gpt2') throw unsupported(`a model of the architecture ${architecture}`);
  const tokenizer = readTokenizer(metadata);
  const found = specOf(metadata, tokenizer.vocabSize);
  const own = ownSpec(metadata);
  const spec = { ...(own ?? found), vocabSize: tokenizer.vocabSize };
  // Before anything is read into memory: as many layers as the file has.
  if (found.nLayer > tensors.size) throw damaged(`it has not the ${found.nLayer} layers that it names`);
  const weights = new Map<string, StoredTensor>();
  const known = new Set<string>();
  for (const [theirs, ours] of parts(found.nLayer)) {
    for (const kind of isEmbedding(theirs) ? ['weight'] : ['weight', 'bias']) {
      const name = `${theirs}.${kind}`;
      known.add(name);
      const tensor = tensors.get(name);
      if (!tensor) throw damaged(`the tensor ${name} is missing`);
      // What biases of models without them hold is zeros, and in the last norm what changes no logit.
      if (kind === 'weight' || spec.bias) weights.set(`${ours}.${kind}`, floats(name, tensor));
    }
  }
  checkHead(tensors);
  known.add('output.weight');
  const foreign = [...tensors.keys()].find((name) => !known.has(name));
  if (foreign !== undefined) throw unsupported(`a tensor ${foreign}, which GPT-2 does not have`);
  cut(weights, 'transformer.wte.weight', spec.vocabSize);
  cut(weights, 'transformer.wpe.weight', spec.blockSize);
  const model = { spec, tokenizer, tensors: weights };
  checkSize(model);
  checkParameters(createModel(spec).namedParameters(), weights);
  return model;
}

function specOf(metadata: ReadonlyMap<string, Metadata>, vocabSize: number): GPTSpec {
  const fields = parsed(HyperparametersSchema, Object.fromEntries(metadata), (problem, path) => {
    return damaged(`${path}: ${problem}`);
  });
  const nEmbd = fields['gpt2.embedding_length'];
  const inner = fields['gpt2.feed_forward_length'];
  if (inner !== 4 * nEmbd) throw unsupported(`feed-forward layers of ${inner}, which are not 4 · ${nEmbd}`);
  return {
    model: 'gpt',
    vocabSize,
    blockSize: fields['gpt2.context_length'],
    nLayer: fields['gpt2.block_count'],
    nHead: fields['gpt2.attention.head_count'],
    nEmbd,
    dropout: 0,
    bias: true,
    activation: 'gelu_tanh',
  };
}

/** What nanobard has noted of a model that it wrote. */
function ownSpec(metadata: ReadonlyMap<string, Metadata>): GPTSpec | undefined {
  const json = metadata.get(SPEC);
  if (typeof json !== 'string') return undefined;
  const refuse = (problem: string): NanobardError => damaged(`${SPEC}: ${problem}`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw refuse((cause as Error).message);
  }
  const spec = parsed(ModelSpecSchema, value, refuse);
  if (spec.model !== 'gpt') throw refuse(`a ${spec.model} model`);
  return spec;
}

function floats(name: string, { shape, type, typeNumber, bytes }: FoundTensor): StoredTensor {
  if (type) return { shape, data: decodeWeights(bytes, type) };
  throw unsupported(`a tensor ${name} of ggml's type ${typeNumber}`, 'Convert it to F32, F16 or Q8_0.');
}

/** GPT-2 has one table for reading and writing tokens. Some files hold it twice. */
function checkHead(tensors: ReadonlyMap<string, FoundTensor>): void {
  const [embedding, output] = ['token_embd.weight', 'output.weight'].map((name) => tensors.get(name));
  if (!output || !embedding) return;
  const same =
    output.typeNumber === embedding.typeNumber &&
    output.bytes.length === embedding.bytes.length &&
    output.bytes.every((byte, i) => byte === embedding.bytes[i]);
  if (!same) throw unsupported('an output layer that is not its table of embeddings');
}

/** Leaves the first rows: those of tokens that are nanobard's, and of positions within the block. */
function cut(weights: Map<string, StoredTensor>, name: string, rows: number): void {
  const { shape, data } = weights.get(name)!;
  const [count, width] = shape;
  if (count === undefined || width === undefined || count <= rows) return;
  weights.set(name, { shape: [rows, width], data: data.subarray(0, rows * width) });
}

const damaged = (problem: string): NanobardError =>
  new NanobardError('checkpoint', `GGUF: ${problem}`, { hint: 'The file is damaged, or not of GPT-2.' });

const unsupported = (what: string, hint = 'nanobard reads GPT-2.'): NanobardError =>
  new NanobardError('checkpoint', `GGUF: the file has ${what}`, { hint });
