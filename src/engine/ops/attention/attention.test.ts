import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { mul } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { split } from '../views/split.ts';
import { reshape, slice } from '../views/views.ts';
import { attention } from './attention.ts';

const extents = fc.record({
  B: fc.integer({ min: 1, max: 2 }),
  T: fc.constantFrom(1, 2, 5, 6, 7, 16, 33, 97, 130),
  H: fc.integer({ min: 1, max: 3 }),
  D: fc.constantFrom(1, 4, 5, 8, 13, 16),
});

/** Scores large enough for weights that differ; with one key there is nothing to weigh. */
const qkv = (B: number, T: number, H: number, D: number, S = T) => {
  const scale = S === 1 ? 1 : 2;
  return [values([B, T, H, D], 1, scale), values([B, S, H, D], 2, scale), values([B, S, H, D], 3, scale)];
};

/**
 * One key gets the weight 1 whatever it is: gradients of queries and keys are what rounding leaves of the difference
 * of two equal products of D terms, held against 0.1. With two keys, one of which may get almost all weight, much of
 * them still cancels. Measured over all extents: 6e-6, 4e-6 and, with more keys, 7e-7.
 */
const toleranceFor = (keys: number): number => (keys === 1 ? 1e-5 : keys === 2 ? 5e-6 : 1e-6);

describe('attention', () => {
  it('has the right gradient', async () => {
    await checkGradient((q, k, v) => attention(q!, k!, v!), qkv(2, 5, 2, 3));
  });

  it('agrees with the reference for all shapes', async () => {
    await fc.assert(
      fc.asyncProperty(extents, async ({ B, T, H, D }) => {
        const tolerance = toleranceFor(T);
        await checkDevices((q, k, v) => attention(q!, k!, v!), qkv(B, T, H, D), { tolerance });
      }),
      RUNS,
    );
  });

  it('reads queries, keys and values where a joint projection left them', async () => {
    const heads = (x: Tensor): Tensor => reshape(x, [2, 7, 2, 4]);
    await checkDevices(
      (x) => {
        const [q, k, v] = split(x!, 8, -1) as [Tensor, Tensor, Tensor];
        return attention(heads(q), heads(k), heads(v));
      },
      [values([2, 7, 24], 1, 2)],
    );
  });

  it('sees a cache up to the position of each query', async () => {
    for (const [T, S, position] of [
      [1, 9, 0],
      [1, 9, 8],
      [3, 16, 4],
      [8, 40, 31],
      [33, 64, 20],
      [100, 160, 31],
    ] as const) {
      const at = constant(Int32Array.of(position), []);
      await checkDevices((q, k, v) => attention(q!, k!, v!, { position: at }), qkv(2, T, 2, 8, S), {
        tolerance: toleranceFor(T + position),
      });
    }
  });

  it('sees of each sequence what stands before a position of its own', async () => {
    for (const [T, S] of [
      [1, 40],
      [3, 16],
      [9, 30],
    ] as const) {
      const positions = Int32Array.of(S - T, 0, 5);
      const operands = qkv(3, T, 2, 8, S);
      await checkDevices((q, k, v) => attention(q!, k!, v!, { position: constant(positions) }), operands, {
        tolerance: toleranceFor(1),
      });
      const all = operands.map(({ shape, data }) => constant(data, shape)) as Tensor[] as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const together = await reference.evaluate(attention(...all, { position: constant(positions) }));
      for (const [b, position] of positions.entries()) {
        const [q, k, v] = all.map((x) => slice(x, 0, b, b + 1)) as [Tensor, Tensor, Tensor];
        const at = constant(Int32Array.of(position), []);
        const alone = await reference.evaluate(attention(q, k, v, { position: at }));
        expect(together.data.slice(b * alone.size, (b + 1) * alone.size)).toEqual(alone.data);
      }
    }
  });

  it('drops the same weights forward, backward and on every device', async () => {
    const dropout = { p: 0.3, key: constant(Int32Array.of(7, -3, 5)) };
    await checkGradient((q, k, v) => attention(q!, k!, v!, { dropout }), qkv(1, 6, 2, 3));
    for (const T of [2, 33, 100]) {
      await checkDevices((q, k, v) => attention(q!, k!, v!, { dropout }), qkv(2, T, 2, 8));
    }
  });

  it('gives the same bits for any number of threads', async () => {
    const [q, k, v] = qkv(2, 70, 3, 12).map(
      ({ shape, data }) => new Variable(shape, { initial: data as Float32Array }),
    );
    const y = attention(q!, k!, v!);
    await checkThreads(y, ...grad(sum(mul(y, y)), [q!, k!, v!]));
  });

  it('says what does not fit', () => {
    const q = new Input('q', [2, 3, 4, 5]);
    expect(() => attention(q, new Input('k', [2, 3, 4, 6]), q)).toThrow(
      'attention: queries must be (B, T, H, D)',
    );
    const k = new Input('k', [2, 2, 4, 5]);
    expect(() => attention(q, k, k)).toThrow('3 queries need as many keys');
  });
});
