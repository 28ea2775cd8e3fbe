import { NanobardError } from '../../errors.ts';
import { broadcastShapes, formatShape, sameShape, shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * `x` with `value` (−Infinity is fine) wherever `mask`, an i32 tensor that broadcasts to the shape of `x`,
 * is not zero. The tutorial's `wei.masked_fill(tril[:T, :T] == 0, float('-inf'))` is
 * `maskedFill(wei, causalMask(T), -Infinity)`.
 *
 * @throws {NanobardError} code `shape` if the mask does not broadcast to `x`, `argument` if it is not i32.
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  requireFloat('maskedFill', x);
  if (mask.dtype !== 'i32')
    throw new NanobardError('argument', `maskedFill: the mask must be i32, not ${mask.dtype}`);
  if (!sameShape(broadcastShapes('maskedFill', mask.shape, x.shape), x.shape)) {
    throw shapeError(
      'maskedFill',
      `a mask ${formatShape(mask.shape)} is larger than the tensor ${formatShape(x.shape)}`,
    );
  }
  return apply(maskedFillOperation, [x, broadcastTo(mask, x.shape)], { value }, x.shape);
}

/** What lies in the future: an i32 mask (T, T) that is 1 where the key (column) comes after the query (row). */
export function causalMask(T: number): Tensor {
  const mask = Int32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? 1 : 0));
  return constant(mask, [T, T]);
}

export const maskedFillOperation: Operation<{ value: number }> = {
  name: 'masked-fill',
  strided: 'all',
  gradient: ({ inputs: [, mask] }, [gradient]) => [gradient && maskedFill(gradient, mask!, 0)],
};
