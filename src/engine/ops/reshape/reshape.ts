import { reshapeStrides } from '../../tensor/layout.ts';
import { apply, type Operation, requireArray, requireTensors } from '../../tensor/operation.ts';
import { formatShape, type Shape, shapeError, sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * The same elements in row-major order under another shape; one extent may be −1 and follows from
 * the rest. No memory moves unless `x` is a view that jumps within a dimension of the result.
 *
 * @throws {NanobardError} code `shape` if the elements do not fill it.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  requireTensors('reshape', [x]);
  requireArray('reshape', 'the extents', shape);
  const known = sizeOf(shape.filter((extent) => extent !== -1));
  const free = shape.filter((extent) => extent === -1).length;
  const resolved = shape.map((extent) => (extent === -1 && known > 0 ? x.size / known : extent));
  if (
    free > 1 ||
    resolved.some((extent) => !Number.isInteger(extent) || extent < 0) ||
    sizeOf(resolved) !== x.size
  ) {
    throw shapeError('reshape', `${x.size} elements do not fill ${formatShape(shape)}`, x.shape);
  }
  return apply(reshapeOperation, [x], { shape: resolved })[0];
}

export const reshapeOperation: Operation<[x: Tensor], [y: Tensor], { readonly shape: Shape }> = {
  name: 'reshape',
  shape: ([x], { shape }) => [{ shape, dtype: x.dtype }],
  gradient: ({ inputs: [x] }, [dy]) => [reshape(dy, x.shape)],
  view(_call, input, result) {
    const strides = reshapeStrides(input.shape, input.strides, result.shape);
    return strides && { strides, offset: input.offset };
  },
};
