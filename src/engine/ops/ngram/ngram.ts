import { NanobardError } from '../../errors.ts';
import { Constant } from '../../tensor/constant.ts';
import { apply, type Operation } from '../../tensor/operation.ts';
import { hasRank, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireIntegers, requireNumbers, requirePosition } from '../shared/operands.ts';

export interface NgramOptions {
  /** How many tokens each hash covers: the one at its place and those before it. */
  readonly order: number;
  /** Number of rows of the table that the hashes point into. */
  readonly rows: number;
  /** The place of the first hash, an i32 scalar; 0 by default. */
  readonly position?: Tensor | undefined;
  /** How many places are hashed; by default as many as `ids` has. */
  readonly length?: number;
}

export type NgramAttributes = { readonly order: number; readonly rows: number; readonly length: number };

/**
 * A row of a table for each place of a sequence and the `order` − 1 tokens before it, by hashing: i32 ids
 * (B, S) → i32 (B, length) in 0 … rows − 1. Row t stands for the place p = position + t and sees ids[p],
 * ids[p − 1], …, ids[p − order + 1]; places outside 0 … S − 1 count as the token −1. Looked up with
 * `embedding`, the rows of different n-grams are mostly different; those that collide share a row.
 *
 * The hash is part of what a saved model means. All in 32-bit integers, with shifts that fill with zeros:
 *
 *     h ← 0
 *     for each token, the one at p first:
 *       h ← (h ^ (token + 1)) · 0x9e3779b1
 *       h ← h ^ (h >> 15)
 *     h ← (h ^ (h >> 16)) · 0x85ebca6b
 *     h ← (h ^ (h >> 13)) · 0xc2b2ae35
 *     h ← h ^ (h >> 16)
 *     row = h mod rows, h taken as unsigned
 *
 * The last steps are MurmurHash3's finalizer (Appleby, 2011).
 *
 * @throws {NanobardError} code `shape` if `ids` is not (B, S), `argument` if a dtype is wrong or a number is
 *   not one that counts.
 */
export function ngram(ids: Tensor, options: NgramOptions): Tensor {
  requireIntegers('ngram', { ids });
  if (typeof options !== 'object' || !options)
    throw new NanobardError('argument', 'ngram: needs options, { order, rows }');
  const { order, rows, position = new Constant(Int32Array.of(0), []), length = ids.shape[1] ?? 0 } = options;
  return apply(ngramOperation, [ids, position], { order, rows, length })[0];
}

export const ngramOperation: Operation<[ids: Tensor, position: Tensor], [rows: Tensor], NgramAttributes> = {
  name: 'ngram',
  shape([ids, position], { order, rows, length }) {
    if (!hasRank(ids.shape, 2)) throw shapeError('ngram', 'ids must have the shape (B, S)', ids.shape);
    requirePosition('ngram', 'position', position);
    requireNumbers('ngram', 'an integer from 1 to 2^31 − 1', { order, rows });
    requireNumbers('ngram', 'an integer from 0 to 2^31 − 1', { length });
    return [{ shape: [ids.shape[0], length], dtype: 'i32' }];
  },
  flops: ({ outputs: [rows], attributes: { order } }) => 5 * order * rows.size,
};
