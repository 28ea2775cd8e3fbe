import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';
import type { DType, TypedArray } from '../../engine/tensor/dtype.ts';
import type { Shape } from '../../engine/tensor/shape.ts';
import { positive, wholeFrom0 } from '../fields.ts';
import type { StoredTensor } from '../formats/load-parameters.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type LazyTensor,
  type SafetensorsTensor,
  safetensorsChunks,
} from '../formats/safetensors.ts';

const generatorState = v.object({
  words: v.pipe(v.array(v.pipe(wholeFrom0, v.maxValue(2 ** 32 - 1))), v.length(624), v.readonly()),
  index: v.pipe(wholeFrom0, v.maxValue(624)),
  nextNormal: v.nullable(v.number()),
});

const ProgressSchema = v.object({
  /** Steps done. */
  step: wholeFrom0,
  /** Whether the batch of the next step has been drawn. */
  drawn: v.boolean(),
  /** Whether the evaluation that is due at `step` has been made. */
  evaluated: v.boolean(),
  bestVal: v.nullable(v.number()),
  bestStep: v.nullable(wholeFrom0),
  /** Evaluations since the best one. */
  evalsSinceBest: v.optional(wholeFrom0, 0), // older checkpoints have no such field
  /** How often the run has gone back to an earlier step, after which the learning rate is half of what it was. */
  restores: v.optional(v.pipe(wholeFrom0, v.maxValue(100)), 0), // neither
  /** What the loss is multiplied by, where activations are stored as f16: see `LossScale`. */
  lossScale: v.optional(positive),
  /** Seconds spent in training steps. */
  trainSeconds: v.number(),
  streams: v.object({
    data: v.union([generatorState, v.object({ drawn: wholeFrom0 })]),
    evaluation: generatorState,
  }),
});

/** How far a run has come: plain data, stored in checkpoints. */
export type Progress = v.InferOutput<typeof ProgressSchema>;

/** Everything that a run needs to go on, exactly as if it had never stopped. */
export interface TrainerState {
  readonly progress: Progress;
  /** Parameters, optimizer state and the next batch by name. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The same, its tensors read when they are asked for: until then the run must stand still. */
export interface TrainerSnapshot {
  readonly progress: Progress;
  readonly tensors: ReadonlyMap<string, SnapshotTensor>;
}

export interface SnapshotTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** They hold while the run stands still. */
  readonly read: () => Promise<TypedArray>;
}

/** What a snapshot shows, read now: the run may go on then. */
export async function readSnapshot({ progress, tensors }: TrainerSnapshot): Promise<TrainerState> {
  const stored = new Map<string, StoredTensor>();
  for (const [name, { shape, read }] of tensors) stored.set(name, { shape, data: (await read()).slice() });
  return { progress, tensors: stored };
}

/** A state as a snapshot. */
export function snapshotOf({ progress, tensors }: TrainerState): TrainerSnapshot {
  const read = [...tensors].map(([name, { shape, data }]): [string, SnapshotTensor] => [
    name,
    { shape, dtype: data instanceof Float32Array ? 'f32' : 'i32', read: async () => data },
  ]);
  return { progress, tensors: new Map(read) };
}

/** The bytes of `encodeCheckpoint` in pieces, so that a state larger than what memory has left can be written. */
export function checkpointChunks({ progress, tensors }: TrainerSnapshot): AsyncIterable<Uint8Array> {
  const lazy = [...tensors].map(([name, { shape, dtype, read }]): [string, LazyTensor] => [
    name,
    { shape, dtype: dtype === 'f32' ? 'F32' : 'I32', read },
  ]);
  return safetensorsChunks(new Map(lazy), metadataOf(progress));
}

/** Name of the metadata entry that holds the progress, as JSON. */
export const PROGRESS = 'nanobard.progress';

/** A trainer's state as one safetensors file: parameters and optimizer state by name, the progress as metadata. */
export function encodeCheckpoint({ progress, tensors }: TrainerState): Uint8Array<ArrayBuffer> {
  const stored = new Map<string, SafetensorsTensor>();
  for (const [name, { shape, data }] of tensors) {
    if (data instanceof Float32Array) stored.set(name, { dtype: 'F32', shape, data });
    else stored.set(name, { dtype: 'I32', shape, data: data as Int32Array });
  }
  return encodeSafetensors(stored, metadataOf(progress));
}

const metadataOf = (progress: Progress): Record<string, string> => ({ [PROGRESS]: JSON.stringify(progress) });

/** @throws {NanobardError} code `checkpoint` if the bytes are damaged or not a checkpoint of nanobard. */
export function decodeCheckpoint(bytes: Uint8Array): TrainerState {
  const { tensors: stored, metadata } = decodeSafetensors(bytes);
  const text = metadata[PROGRESS];
  if (text === undefined) {
    const message = 'the file holds tensors but no training progress: nanobard did not write it';
    throw new NanobardError('checkpoint', message);
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of stored) {
    if (tensor.dtype !== 'F32' && tensor.dtype !== 'I32') {
      const message = `tensor ${name} has the type ${tensor.dtype}, which checkpoints do not hold`;
      throw new NanobardError('checkpoint', message);
    }
    tensors.set(name, tensor);
  }
  return { progress: parseProgress(text), tensors };
}

function parseProgress(text: string): Progress {
  try {
    return v.parse(ProgressSchema, JSON.parse(text));
  } catch (cause) {
    throw new NanobardError('checkpoint', 'the training progress in the checkpoint is damaged', { cause });
  }
}
