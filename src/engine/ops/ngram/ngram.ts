import { NanobardError } from '../../errors.ts';
import { formatShape } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';

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

export type NgramAttributes = { readonly order: number; readonly rows: number };

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
  const { order, rows, position = constant(Int32Array.of(0), []), length = ids.shape[1]! } = options;
  if (ids.rank !== 2) {
    throw new NanobardError(
      'shape',
      `ngram: ids must have the shape (B, S) (given ${formatShape(ids.shape)})`,
    );
  }
  if (ids.dtype !== 'i32') throw new NanobardError('argument', 'ngram: ids must be i32, not f32');
  if (position.dtype !== 'i32' || position.rank !== 0) {
    const given = `${position.dtype} of rank ${position.rank}`;
    throw new NanobardError('argument', `ngram: the position must be an i32 scalar, not ${given}`);
  }
  for (const [name, value, least] of [
    ['order', order, 1],
    ['rows', rows, 1],
    ['length', length, 0],
  ] as const) {
    if (Number.isInteger(value) && value >= least && value < 2 ** 31) continue;
    const problem = `${name} must be an integer from ${least} to 2^31 − 1, not ${value}`;
    throw new NanobardError('argument', `ngram: ${problem}`);
  }
  return apply(ngramOperation, [ids, position], { order, rows }, [ids.shape[0]!, length], 'i32');
}

/** (ids, position) → rows */
export const ngramOperation: Operation<NgramAttributes> = {
  name: 'ngram',
  flops: (node) => 5 * node.attributes.order * node.outputs[0]!.size,
};
