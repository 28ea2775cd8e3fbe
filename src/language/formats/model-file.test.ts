import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../engine/errors.ts';
import { CharTokenizer } from '../data/tokenizer/char.ts';
import type { ModelSpec } from '../models/create.ts';
import { float32ToFloat16 } from './half-precision.ts';
import { decodeModel, encodeModel } from './model-file.ts';
import { encodeSafetensors, toFloat32 } from './safetensors.ts';

const file = {
  spec: { model: 'bigram', blockSize: 4, vocabSize: 2 },
  tokenizer: CharTokenizer.fromText('ab'),
  tensors: new Map([['t', { shape: [2, 2], data: Float32Array.of(1, -2.5, 0.1, 0) }]]),
} as const;

describe('a model file', () => {
  it('holds the model, its tokenizer and its weights', () => {
    const { spec, tokenizer, tensors } = decodeModel(encodeModel(file));
    expect(spec).toEqual(file.spec);
    expect(tokenizer.decode([1, 0])).toBe('ba');
    expect(tensors).toEqual(file.tensors);
  });

  it('takes half the bytes in f16, and rounds', () => {
    const { tensors } = decodeModel(encodeModel(file, 'f16'));
    expect([...tensors.get('t')!.data]).toEqual([1, -2.5, 0.0999755859375, 0]);
  });

  it('is refused where it is something else', () => {
    const foreign = encodeSafetensors(new Map(), { format: 'pt' });
    expect(() => decodeModel(foreign)).toThrow(NanobardError);
    const odd = encodeSafetensors(new Map(), {
      'nanobard.model': '{"model":"x"}',
      'nanobard.tokenizer': '{}',
    });
    expect(() => decodeModel(odd)).toThrow('description is damaged');
  });

  it.each<[string, ModelSpec]>([
    ['a larger vocabulary', { ...file.spec, vocabSize: 1_000_000_000 }],
    ['a vocabulary that its tokenizer exceeds', { ...file.spec, vocabSize: 1 }],
    [
      'more layers',
      { model: 'lecture', nLayer: 1e9, nHead: 1, nEmbd: 2, blockSize: 4, dropout: 0, vocabSize: 2 },
    ],
    [
      'wider ones',
      { model: 'lecture', nLayer: 1, nHead: 1, nEmbd: 2 ** 40, blockSize: 4, dropout: 0, vocabSize: 2 },
    ],
  ])('is refused, and not built, where it describes %s than it holds', (_, spec) => {
    expect(() => decodeModel(encodeModel({ ...file, spec }))).toThrow('does not fit its weights');
  });
});

describe('float32ToFloat16', () => {
  it('gives every half-precision number back', () => {
    const all = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
    const floats = toFloat32({ dtype: 'F16', shape: [all.length], data: all });
    const back = float32ToFloat16(floats);
    const wrong = [...all].filter((half, i) => !Number.isNaN(floats[i]!) && back[i] !== half);
    expect(wrong).toEqual([]);
    expect(float32ToFloat16(Float32Array.of(Number.NaN))[0]! & 0x7fff).toBeGreaterThan(0x7c00);
  });

  it('takes the nearest, of two the even one', () => {
    const half = (x: number): number =>
      toFloat32({ dtype: 'F16', shape: [1], data: float32ToFloat16(Float32Array.of(x)) })[0]!;
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 3 * 2 ** -26].map(half)).toEqual([
      1,
      1 + 2 ** -9,
      65504,
      Number.POSITIVE_INFINITY,
      0,
      2 ** -24,
    ]);
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (x) => {
        // Half a unit in the last place of 11 bits, or of 2^-24 where numbers are that small.
        const unit = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(x) || 1)) - 10));
        expect(Math.abs(half(x) - x)).toBeLessThanOrEqual(unit / 2);
      }),
    );
  });
});
