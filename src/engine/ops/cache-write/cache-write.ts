import { NanobardError } from '../../errors.ts';
import { sameShape, shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';

/**
 * The cache with rows `position` … `position` + t − 1 of dimension 1 replaced by `update`: cache (B, T, C),
 * update (B, t, C) of the same dtype, f32 or i32, position an i32 scalar → (B, T, C). Rows that would lie
 * outside the cache are dropped.
 * Assigned to the variable that it comes from, the cache is written in place and nothing else moves.
 *
 * @throws {NanobardError} code `shape` if the operands do not fit, `argument` if a dtype is wrong.
 */
export function cacheWrite(cache: Tensor, update: Tensor, position: Tensor): Tensor {
  const [B, , C] = cache.shape;
  if (cache.rank !== 3 || !sameShape(update.shape, [B!, update.shape[1] ?? 0, C!])) {
    const problem = 'the cache must have the shape (B, T, C) and the update (B, t, C)';
    throw shapeError('cacheWrite', problem, cache.shape, update.shape);
  }
  if (position.rank !== 0) throw shapeError('cacheWrite', 'position must be a scalar', position.shape);
  if (position.dtype !== 'i32')
    throw new NanobardError('argument', 'cacheWrite: position must be i32, not f32');
  if (update.dtype !== cache.dtype) {
    const problem = `cannot write ${update.dtype} into a cache of ${cache.dtype}`;
    throw new NanobardError('argument', `cacheWrite: ${problem}`);
  }
  return apply(cacheWriteOperation, [cache, update, position], {}, cache.shape, cache.dtype);
}

export const cacheWriteOperation: Operation<Record<string, never>> = {
  name: 'cache-write',
  flops: () => 0,
  inPlace: [0],
};
