import { NanobardError } from '../../engine/errors.ts';
import { type Tokenizer, tokenizerFromJSON } from '../data/tokenizer.ts';
import { parsed } from '../fields.ts';
import { type ModelSpec, ModelSpecSchema } from '../models/create.ts';
import type { StoredTensor } from './load-parameters.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  float32ToFloat16,
  type SafetensorsTensor,
  toFloat32,
} from './safetensors.ts';

/** A model as it is stored and shipped: one safetensors file, which needs no other beside it. */
export interface ModelFile {
  readonly spec: ModelSpec;
  readonly tokenizer: Tokenizer;
  /** Parameters by name, f32. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Steps that it was trained for. */
  readonly step?: number | undefined;
}

/** How weights are stored: f16 takes half the bytes and rounds them to 11 bits. */
export type WeightType = 'f32' | 'f16';

/** Names of the metadata entries, JSON each. */
const SPEC = 'nanobard.model';
const TOKENIZER = 'nanobard.tokenizer';
const STEP = 'nanobard.step';

/** The bytes of a model file; `dtype` is f32 by default. */
export function encodeModel(
  { spec, tokenizer, tensors, step }: ModelFile,
  dtype: WeightType = 'f32',
): Uint8Array<ArrayBuffer> {
  const stored = new Map<string, SafetensorsTensor>();
  for (const [name, { shape, data }] of tensors) {
    const floats = data as Float32Array;
    if (dtype === 'f16') stored.set(name, { dtype: 'F16', shape, data: float32ToFloat16(floats) });
    else stored.set(name, { dtype: 'F32', shape, data: floats });
  }
  return encodeSafetensors(stored, {
    format: 'pt', // the layout of PyTorch's state dicts: what other readers look for
    [SPEC]: JSON.stringify(spec),
    [TOKENIZER]: JSON.stringify(tokenizer.toJSON()),
    ...(step !== undefined && { [STEP]: JSON.stringify(step) }),
  });
}

/** @throws {NanobardError} code `checkpoint` if the bytes are damaged or not a model file of nanobard. */
export function decodeModel(bytes: Uint8Array): ModelFile {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const spec = parsed(ModelSpecSchema, parse(metadata[SPEC]), (problem, path) => {
    const message = `the model's description is damaged: ${path ?? 'model'}: ${problem}`;
    return new NanobardError('checkpoint', message);
  });
  const weights = [...tensors].map(([name, tensor]) => {
    return [name, { shape: tensor.shape, data: toFloat32(tensor) }] as const;
  });
  const step = metadata[STEP] === undefined ? undefined : parse(metadata[STEP]);
  const tokenizer = tokenizerFromJSON(parse(metadata[TOKENIZER]));
  checkSize(spec, tokenizer, new Map(weights));
  return {
    spec,
    tokenizer,
    tensors: new Map(weights),
    step: typeof step === 'number' ? step : undefined,
  };
}

/** Refuses a description of something larger than what is there, before anybody builds it. */
function checkSize(spec: ModelSpec, tokenizer: Tokenizer, tensors: ModelFile['tensors']): void {
  const extents = new Set([...tensors.values()].flatMap(({ shape, data }) => (data.length > 0 ? shape : [])));
  const widths = [spec.vocabSize, ...('nEmbd' in spec ? [spec.nEmbd] : [])];
  // Each layer brings a tensor at least, and each table of n-grams.
  const counts = ['nLayer' in spec ? spec.nLayer : 0, 'ngramOrder' in spec ? spec.ngramOrder - 1 : 0];
  const fits =
    widths.every((width) => extents.has(width)) &&
    counts.every((count) => count <= tensors.size) &&
    tokenizer.vocabSize <= spec.vocabSize;
  if (fits) return;
  throw new NanobardError('checkpoint', "the model's description does not fit its weights or its tokenizer", {
    hint: 'The file is damaged; copy or download it again.',
  });
}

function parse(json: string | undefined): unknown {
  if (json === undefined) {
    throw new NanobardError('checkpoint', 'the file holds tensors but no model that nanobard could build', {
      hint: 'Give a model.safetensors that nanobard has written.',
    });
  }
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new NanobardError('checkpoint', "the model file's metadata is damaged", { cause });
  }
}
