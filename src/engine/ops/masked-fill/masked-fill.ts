import { Constant } from '../../tensor/constant.ts';
import { apply, type Operation } from '../../tensor/operation.ts';
import { broadcastShapes, formatShape, hasRank, sameShape, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { requireFloat, requireIntegers, requireNumbers } from '../shared/operands.ts';

/**
 * `x` with `value` (−Infinity is fine) wherever `mask`, an i32 tensor that broadcasts to the shape of `x`,
 * is not zero. The tutorial's `wei.masked_fill(tril[:T, :T] == 0, float('-inf'))` is
 * `maskedFill(wei, causalMask(T), -Infinity)`.
 *
 * @throws {NanobardError} code `shape` if the mask does not broadcast to `x`, `argument` if it is not i32 or
 *   `value` not a number.
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  requireFloat('maskedFill', x);
  if (mask?.dtype !== 'i32') requireIntegers('maskedFill', { 'the mask': mask });
  if (typeof value !== 'number') requireNumbers('maskedFill', 'a finite number', { value });
  if (!sameShape(broadcastShapes('maskedFill', mask.shape, x.shape), x.shape)) {
    throw shapeError(
      'maskedFill',
      `a mask ${formatShape(mask.shape)} is larger than the tensor ${formatShape(x.shape)}`,
    );
  }
  return apply(maskedFillOperation, [x, broadcastTo(mask, x.shape)], { value })[0];
}

/**
 * What lies in the future: an i32 mask (T, T) that is 1 where the key (column) comes after the query (row).
 *
 * @throws {NanobardError} code `argument` if `T` is not a natural number.
 */
export function causalMask(T: number): Tensor {
  requireNumbers('causalMask', 'an integer from 0 to 2^31 − 1', { T });
  return upperTriangle(T, T);
}

/**
 * The lower triangle of a matrix, or of each matrix of (…, M, N): what lies above the diagonal becomes 0, as in
 * torch.tril. The tutorial's averaging weights are `wei = tril(ones([T, T]))`,
 * `div(wei, sum(wei, 1, { keepDims: true }))`.
 *
 * @throws {NanobardError} code `shape` if `x` is not at least a matrix.
 */
export function tril(x: Tensor): Tensor {
  requireFloat('tril', x);
  const matrix = x.shape.slice(-2);
  if (!hasRank(matrix, 2)) throw shapeError('tril', 'x must be at least a matrix', x.shape);
  return maskedFill(x, upperTriangle(matrix[0], matrix[1]), 0);
}

/** 1 above the diagonal, 0 elsewhere. */
function upperTriangle(rows: number, columns: number): Tensor {
  const above = (_: unknown, i: number): number => (i % columns > Math.floor(i / columns) ? 1 : 0);
  return new Constant(Int32Array.from({ length: rows * columns }, above), [rows, columns]);
}

export const maskedFillOperation: Operation<
  [x: Tensor, mask: Tensor],
  [y: Tensor],
  { readonly value: number }
> = {
  name: 'masked-fill',
  shape: ([x]) => [x],
  gradient: ({ inputs: [, mask] }, [dy]) => [maskedFill(dy, mask, 0)],
};
