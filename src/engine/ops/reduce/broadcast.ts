// Stretching a tensor and summing it back: each is the gradient of the other.
import { apply, type Operation, requireArray, requireTensors } from '../../tensor/operation.ts';
import {
  broadcastShapes,
  broadcastStrides,
  formatShape,
  type Shape,
  sameShape,
  shapeError,
} from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';
import { reshape } from '../views/views.ts';

/**
 * `x` seen under a larger shape by NumPy's rule: shapes are aligned at the end, and dimensions that are
 * missing or of extent 1 repeat. No memory moves.
 *
 * @throws {NanobardError} code `shape` if `x` does not stretch to `shape`.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  requireTensors('broadcastTo', [x]);
  requireArray('broadcastTo', 'the extents', shape);
  if (sameShape(x.shape, shape)) return x;
  checkStretch('broadcastTo', x.shape, shape);
  return apply(broadcastOperation, [x], { shape })[0];
}

/**
 * The inverse of `broadcastTo`: sums `x` over the dimensions along which a tensor of `shape` would repeat
 * to become `x`.
 *
 * @throws {NanobardError} code `shape` if `shape` does not stretch to the shape of `x`.
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  requireFloat('sumTo', x);
  if (sameShape(x.shape, shape)) return x;
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
  return sumRuns(apply(sumOperation, [x], { shape: kept })[0], shape);
}

function checkStretch(op: string, from: Shape, to: Shape): void {
  if (!sameShape(broadcastShapes(op, from, to), to)) {
    throw shapeError(op, `${formatShape(from)} does not stretch to ${formatShape(to)}`);
  }
}

export const broadcastOperation: Operation<[x: Tensor], [y: Tensor], { readonly shape: Shape }> = {
  name: 'broadcast-to',
  shape: ([x], { shape }) => [{ shape, dtype: x.dtype }],
  gradient: ({ inputs: [x] }, [dy]) => [sumTo(dy, x.shape)],
  view: (_call, { shape, strides, offset }, result) => ({
    strides: broadcastStrides(shape, strides, result.shape),
    offset,
  }),
};

/** Sums over one run of neighbouring dimensions, which have extent 1 in the result's `shape`. */
export const sumOperation: Operation<[x: Tensor], [y: Tensor], { readonly shape: Shape }> = {
  name: 'sum',
  shape: (_inputs, { shape }) => [{ shape, dtype: 'f32' }],
  flops: ({ inputs: [x] }) => x.size,
  gradient: ({ inputs: [x] }, [dy]) => [broadcastTo(dy, x.shape)],
};
