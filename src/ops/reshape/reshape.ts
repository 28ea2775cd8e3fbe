import { isContiguous } from '../../tensor/layout.ts';
import { formatShape, type Shape, shapeError, sizeOf, stridesOf } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';

export const reshapeOperation: Operation<{ shape: Shape }> = {
  name: 'reshape',
  gradient: (node, [gradient]) => [gradient && reshape(gradient, node.inputs[0]!.shape)],
  view: (node, input) =>
    isContiguous(input)
      ? { shape: node.attributes.shape, strides: stridesOf(node.attributes.shape), offset: input.offset }
      : undefined,
};

/**
 * The same elements in row-major order under another shape; one extent may be −1 and follows from
 * the rest. No memory moves unless `x` is a view that jumps.
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
