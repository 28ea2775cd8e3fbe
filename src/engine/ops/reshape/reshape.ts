import { reshapeStrides } from '../../tensor/layout.ts';
import { formatShape, type Shape, shapeError, sizeOf } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';

export const reshapeOperation: Operation<{ shape: Shape }> = {
  name: 'reshape',
  gradient: (node, [gradient]) => [gradient && reshape(gradient, node.inputs[0]!.shape)],
  view({ attributes: { shape } }, input) {
    const strides = reshapeStrides(input.shape, input.strides, shape);
    return strides && { shape, strides, offset: input.offset };
  },
};

/**
 * The same elements in row-major order under another shape; one extent may be −1 and follows from
 * the rest. No memory moves unless `x` is a view that jumps within a dimension of the result.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
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
  return apply(reshapeOperation, [x], { shape: resolved }, resolved, x.dtype);
}
