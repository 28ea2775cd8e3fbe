// Stretching a tensor and summing it back: each is the gradient of the other.
import {
  broadcastShapes,
  broadcastStrides,
  formatShape,
  type Shape,
  sameShape,
  shapeError,
} from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { reshape } from '../reshape/reshape.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * `x` seen under a larger shape by NumPy's rule: shapes are aligned at the end, and dimensions that are
 * missing or of extent 1 repeat. No memory moves.
 *
 * @throws {NanobardError} code `shape` if `x` does not stretch to `shape`.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  checkStretch('broadcastTo', x.shape, shape);
  return apply(broadcastOperation, [x], { shape }, shape, x.dtype);
}

/**
 * The inverse of `broadcastTo`: sums `x` over the dimensions along which a tensor of `shape` would repeat
 * to become `x`.
 *
 * @throws {NanobardError} code `shape` if `shape` does not stretch to the shape of `x`.
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  requireFloat('sumTo', x);
  checkStretch('sumTo', shape, x.shape);
  const aligned = [...new Array<number>(x.rank - shape.length).fill(1), ...shape];
  return reshape(sumRuns(x, aligned), shape);
}

/** Sums one run of neighbouring dimensions after the other, the last run first. */
function sumRuns(x: Tensor, shape: Shape): Tensor {
  let end = x.rank;
  while (end > 0 && shape[end - 1] === x.shape[end - 1]) end--;
  if (end === 0) return x;
  let start = end;
  while (start > 0 && shape[start - 1] === 1) start--;
  const kept = [...x.shape.slice(0, start), ...shape.slice(start)];
  return sumRuns(apply(sumOperation, [x], {}, kept), shape);
}

function checkStretch(op: string, from: Shape, to: Shape): void {
  if (!sameShape(broadcastShapes(op, from, to), to)) {
    throw shapeError(op, `${formatShape(from)} does not stretch to ${formatShape(to)}`);
  }
}

export const broadcastOperation: Operation<{ shape: Shape }> = {
  name: 'broadcast-to',
  gradient: (node, [gradient]) => [gradient && sumTo(gradient, node.inputs[0]!.shape)],
  view: ({ attributes: { shape } }, input) => ({
    shape,
    strides: broadcastStrides(input.shape, input.strides, shape),
    offset: input.offset,
  }),
};

/** Sums over one run of neighbouring dimensions, which have extent 1 in the output. */
export const sumOperation: Operation<Record<string, never>> = {
  name: 'sum',
  flops: (node) => node.inputs[0]!.size,
  gradient: (node, [gradient]) => [gradient && broadcastTo(gradient, node.inputs[0]!.shape)],
};
