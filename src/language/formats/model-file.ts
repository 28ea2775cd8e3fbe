import { NanobardError } from '../../engine/errors.ts';
import { type Tokenizer, tokenizerFromJSON } from '../data/tokenizer/tokenizer.ts';
import { parsed } from '../fields.ts';
import { type ModelSpec, ModelSpecSchema } from '../models/create.ts';
import { float32ToFloat16 } from './half-precision.ts';
import type { StoredTensor } from './load-parameters.ts';
import { dequantized, isScale, quantized } from './q8.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type LazyTensor,
  type SafetensorsTensor,
  safetensorsChunks,
  toFloat32,
} from './safetensors.ts';

/** The file of a folder that `loadModel` opens. */
export const MODEL_FILE = 'model.safetensors';

/** A model as it is stored and shipped: one safetensors file, which needs no other beside it. */
export interface ModelFile {
  readonly spec: ModelSpec;
  readonly tokenizer: Tokenizer;
  /** Parameters by name, f32. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Steps that it was trained for. */
  readonly step?: number | undefined;
  /** Whether the weights were stored in 8 bits, so that they lose nothing if they are kept so. */
  readonly quantized?: boolean;
}

/**
 * How weights are stored: f16 takes half the bytes and rounds them to 11 bits; q8 a quarter, whole multiples of one
 * number in each row of a matrix (see q8.ts).
 */
export type WeightType = 'f32' | 'f16' | 'q8';

/** Names of the metadata entries, JSON each. */
const SPEC = 'nanobard.model';
const TOKENIZER = 'nanobard.tokenizer';
const STEP = 'nanobard.step';

/** The bytes of a model file; `dtype` is f32 by default. */
export function encodeModel(
  { spec, tokenizer, tensors, step }: ModelFile,
  dtype: WeightType = 'f32',
): Uint8Array<ArrayBuffer> {
  const stored = [...tensors].flatMap(([name, tensor]): [string, SafetensorsTensor][] =>
    dtype === 'q8' ? quantized(name, tensor) : [[name, asTensor(tensor, dtype)]],
  );
  return encodeSafetensors(new Map(stored), metadataOf({ spec, tokenizer, step }));
}

const metadataOf = ({ spec, tokenizer, step }: Omit<ModelFile, 'tensors'>): Record<string, string> => ({
  format: 'pt', // the layout of PyTorch's state dicts: what other readers look for
  [SPEC]: JSON.stringify(spec),
  [TOKENIZER]: JSON.stringify(tokenizer.toJSON()),
  ...(step !== undefined && { [STEP]: JSON.stringify(step) }),
});

/** The bytes of `encodeModel` in f32 in pieces: the weights of a model that need not lie in memory twice. */
export function modelChunks(
  { spec, tokenizer, step }: Omit<ModelFile, 'tensors'>,
  weights: ReadonlyMap<string, Omit<LazyTensor, 'dtype'>>,
): AsyncIterable<Uint8Array> {
  const tensors = [...weights].map(([name, weight]): [string, LazyTensor] => [
    name,
    { ...weight, dtype: 'F32' },
  ]);
  return safetensorsChunks(new Map(tensors), metadataOf({ spec, tokenizer, step }));
}

/** Weights as any reader of safetensors understands them. */
export function asTensor({ shape, data }: StoredTensor, dtype: Exclude<WeightType, 'q8'>): SafetensorsTensor {
  const floats = data instanceof Float32Array ? data : Float32Array.from(data);
  if (dtype === 'f16') return { dtype: 'F16', shape, data: float32ToFloat16(floats) };
  return { dtype: 'F32', shape, data: floats };
}

/** Whether a safetensors file is a model of ours: it says so in its metadata. */
export const isModelFile = (bytes: Uint8Array): boolean => SPEC in decodeSafetensors(bytes).metadata;

/** @throws {NanobardError} code `checkpoint` if the bytes are damaged or not a model file of nanobard. */
export function decodeModel(bytes: Uint8Array): ModelFile {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const spec = parsed(ModelSpecSchema, parse(metadata[SPEC]), (problem, path) => {
    const message = `the model's description is damaged: ${path ?? 'model'}: ${problem}`;
    return new NanobardError('checkpoint', message);
  });
  const weights = [...tensors].flatMap(([name, tensor]): [string, StoredTensor][] => {
    if (isScale(name, tensors)) return [];
    const { dtype, shape, data } = tensor;
    return [
      [name, { shape, data: dtype === 'I8' ? dequantized(name, shape, data, tensors) : toFloat32(tensor) }],
    ];
  });
  const step = metadata[STEP] === undefined ? undefined : parse(metadata[STEP]);
  const file = {
    spec,
    tokenizer: tokenizerFromJSON(parse(metadata[TOKENIZER])),
    tensors: new Map(weights),
    step: typeof step === 'number' ? step : undefined,
    quantized: [...tensors.values()].some(({ dtype }) => dtype === 'I8'),
  };
  checkSize(file);
  return file;
}

/**
 * Refuses a description of something larger than what is there, before anybody builds it.
 *
 * @throws {NanobardError} code `checkpoint`.
 */
export function checkSize({ spec, tokenizer, tensors }: ModelFile): void {
  const values = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  const extents = new Set([...tensors.values()].flatMap(({ shape, data }) => (data.length > 0 ? shape : [])));
  const widths = [spec.vocabSize, ...('nEmbd' in spec ? [spec.nEmbd] : [])];
  // Each layer brings a tensor at least, and each table of n-grams.
  const counts = ['nLayer' in spec ? spec.nLayer : 0, 'ngramOrder' in spec ? spec.ngramOrder - 1 : 0];
  const fits =
    widths.every((width) => extents.has(width)) &&
    counts.every((count) => count <= tensors.size) &&
    ('nLayer' in spec ? spec.nLayer * spec.nEmbd : 0) <= values &&
    tokenizer.vocabSize <= spec.vocabSize;
  if (fits) return;
  throw new NanobardError('checkpoint', "the model's description does not fit its weights or its tokenizer", {
    hint: 'The file is damaged; copy or download it again.',
  });
}

function parse(json: string | undefined): unknown {
  if (json === undefined) {
    throw new NanobardError('checkpoint', 'the file holds tensors but no model that nanobard could build', {
      hint: 'Give a model.safetensors that nanobard has written, or a whole folder of Hugging Face.',
    });
  }
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new NanobardError('checkpoint', "the model file's metadata is damaged", { cause });
  }
}
