import { NanobardError } from '../../errors.ts';
import { apply, type NoAttributes, type Operation, requireTensors } from '../../tensor/operation.ts';
import { hasRank, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requirePosition } from '../shared/operands.ts';

/**
 * The cache with rows `position` … `position` + t − 1 of dimension 1 replaced by `update`: cache (B, T, C),
 * update (b, t, C) of the same dtype, f32 or i32, for the first b ≤ B sequences, position an i32 scalar, or (b) with
 * one for each of them → (B, T, C). Rows that would lie outside the cache are dropped.
 * Assigned to the variable that it comes from, the cache is written in place and nothing else moves.
 *
 * @throws {NanobardError} code `shape` if the operands do not fit, `argument` if a dtype is wrong.
 */
export function cacheWrite(cache: Tensor, update: Tensor, position: Tensor): Tensor {
  return apply(cacheWriteOperation, [cache, update, position], {})[0];
}

export const cacheWriteOperation: Operation<
  [cache: Tensor, update: Tensor, position: Tensor],
  [cache: Tensor],
  NoAttributes
> = {
  name: 'cache-write',
  shape([cache, update, position]) {
    requireTensors('cacheWrite', [cache, update]);
    const ranks = hasRank(cache.shape, 3) && hasRank(update.shape, 3);
    if (!ranks || update.shape[0] > cache.shape[0] || update.shape[2] !== cache.shape[2]) {
      const problem = 'the cache must have the shape (B, T, C) and the update (b, t, C) with b ≤ B';
      throw shapeError('cacheWrite', problem, cache.shape, update.shape);
    }
    requirePosition('cacheWrite', 'position', position, update.shape[0]);
    if (update.dtype !== cache.dtype) {
      const problem = `cannot write ${update.dtype} into a cache of ${cache.dtype}`;
      throw new NanobardError('argument', `cacheWrite: ${problem}`);
    }
    return [cache];
  },
  flops: () => 0,
};
