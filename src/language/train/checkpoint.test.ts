import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import type { StoredTensor } from '../formats/load-parameters.ts';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from './checkpoint.ts';

function exampleState(): TrainerState {
  const [data, evaluation] = [new Generator(1), new Generator(2)];
  data.normal(3, 0, 1); // leaves one number for the next call
  const tensors = new Map<string, StoredTensor>([
    ['wte.weight', { shape: [2, 2], data: Float32Array.of(0.1, -0, Number.NaN, 1e-45) }],
    ['batch.x', { shape: [3], data: Int32Array.of(-1, 0, 2 ** 31 - 1) }],
  ]);
  const streams = { data: data.getState(), evaluation: evaluation.getState() };
  const times = { trainSeconds: 1.5, bestVal: 1.25, bestStep: 250, evalsSinceBest: 2, restores: 1 };
  return { progress: { step: 300, drawn: true, evaluated: false, ...times, streams }, tensors };
}

/** The checkpoint of `exampleState` with its progress changed. */
function withProgress(change: (progress: Record<string, unknown>) => unknown): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(exampleState()));
  const progress = change(JSON.parse(metadata['nanobard.progress']!));
  return encodeSafetensors(tensors, {
    'nanobard.progress': typeof progress === 'string' ? progress : JSON.stringify(progress),
  });
}

describe('checkpoint', () => {
  it('gives back what was stored, to the last bit', () => {
    const state = exampleState();
    const { progress, tensors } = decodeCheckpoint(encodeCheckpoint(state));
    expect(progress).toEqual(state.progress);
    expect([...tensors.keys()]).toEqual([...state.tensors.keys()]);
    for (const [name, { shape, data }] of state.tensors) {
      const stored = tensors.get(name)!;
      expect(stored.shape).toEqual(shape);
      expect(stored.data.constructor).toBe(data.constructor);
      const bytes = (array: StoredTensor['data']) =>
        Buffer.from(array.buffer, array.byteOffset, array.byteLength);
      expect(bytes(stored.data)).toEqual(bytes(data));
    }
    const { evaluation } = decodeCheckpoint(encodeCheckpoint(state)).progress.streams;
    expect(Generator.fromState(evaluation).normal(5, 0, 1)).toEqual(
      Generator.fromState(state.progress.streams.evaluation).normal(5, 0, 1),
    );
  });

  it('holds a run that has not been evaluated yet', () => {
    const state = exampleState();
    const progress = { ...state.progress, bestVal: null, bestStep: null };
    expect(decodeCheckpoint(encodeCheckpoint({ ...state, progress })).progress).toEqual(progress);
  });

  const whole = encodeCheckpoint(exampleState());
  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'the file ends after 0 bytes'],
    ['a file cut short', whole.subarray(0, -1), 'but the file has only'],
    ['a file cut short in its header', whole.subarray(0, 100), 'the header should end at byte'],
    ['a text', new TextEncoder().encode('KING LEAR: Howl, howl, howl, howl!'), 'safetensors:'],
    ['tensors of another program', encodeSafetensors(new Map()), 'nanobard did not write it'],
    [
      'tensors of another type',
      encodeSafetensors(new Map([['w', { dtype: 'F64', shape: [1], data: new Float64Array(1) }]]), {
        'nanobard.progress': '{}',
      }),
      'tensor w has the type F64',
    ],
    ['progress that is not JSON', withProgress(() => '{"iter": 3'), 'progress in the checkpoint is damaged'],
    ['progress without a stream', withProgress((progress) => ({ ...progress, streams: {} })), 'is damaged'],
    ['progress without its iteration', withProgress((progress) => ({ ...progress, step: -1 })), 'is damaged'],
    [
      'a generator that cannot be',
      withProgress((progress) => ({
        ...progress,
        streams: { data: { words: [1], index: 0, nextNormal: null } },
      })),
      'is damaged',
    ],
  ])('refuses %s', (_, bytes, message) => {
    const decode = (): unknown => decodeCheckpoint(bytes);
    expect(decode).toThrow(NanobardError);
    expect(decode).toThrow(message);
    expect(decode).toThrow(expect.objectContaining({ code: 'checkpoint' }));
  });
});
