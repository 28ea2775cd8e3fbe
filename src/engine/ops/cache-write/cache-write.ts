import { NanobardError } from '../../errors.ts';
import { apply, type NoAttributes, type Operation, requireTensors } from '../../tensor/operation.ts';
import { shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireIntegers, requireShape } from '../shared/operands.ts';

/**
 * The cache with rows `position` … `position` + t − 1 of dimension 1 replaced by `update`: cache (B, T, C),
 * update (B, t, C) of the same dtype, f32 or i32, position an i32 scalar → (B, T, C). Rows that would lie
 * outside the cache are dropped.
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
    const [B, , C] = cache.shape;
    if (cache.rank !== 3 || update.rank !== 3 || update.shape[0] !== B || update.shape[2] !== C) {
      const problem = 'the cache must have the shape (B, T, C) and the update (B, t, C)';
      throw shapeError('cacheWrite', problem, cache.shape, update.shape);
    }
    requireIntegers('cacheWrite', { position });
    requireShape('cacheWrite', [], { position });
    if (update.dtype !== cache.dtype) {
      const problem = `cannot write ${update.dtype} into a cache of ${cache.dtype}`;
      throw new NanobardError('argument', `cacheWrite: ${problem}`);
    }
    return [cache];
  },
  flops: () => 0,
};
