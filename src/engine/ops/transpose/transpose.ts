import { apply, type Operation, requireArray, requireTensors } from '../../tensor/operation.ts';
import { formatShape, normalizeDim, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * `x` with its dimensions in another order: dimension i of the result is dimension `dims[i]` of `x`.
 * Negative ones count from the end. No memory moves.
 *
 * @throws {NanobardError} code `shape` unless `dims` names every dimension of `x` once.
 */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  requireTensors('permute', [x]);
  requireArray('permute', 'the dimensions', dims);
  const order = dims.map((dim) => normalizeDim('permute', dim, x.rank));
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    const problem = `${formatShape(dims)} does not name each of the ${x.rank} dimensions once`;
    throw shapeError('permute', problem, x.shape);
  }
  return apply(permuteOperation, [x], { dims: order })[0];
}

/** `x` with two dimensions exchanged. No memory moves. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  requireTensors('transpose', [x]);
  const a = normalizeDim('transpose', dim0, x.rank);
  const b = normalizeDim('transpose', dim1, x.rank);
  return permute(
    x,
    x.shape.map((_, d) => (d === a ? b : d === b ? a : d)),
  );
}

export const permuteOperation: Operation<[x: Tensor], [y: Tensor], { readonly dims: readonly number[] }> = {
  name: 'permute',
  shape: ([x], { dims }) => [{ shape: dims.map((d) => x.shape[d]!), dtype: x.dtype }],
  gradient: ({ attributes: { dims } }, [dy]) => [
    permute(
      dy,
      dims.map((_, d) => dims.indexOf(d)),
    ),
  ],
  view: ({ attributes: { dims } }, { strides, offset }) => ({
    strides: dims.map((d) => strides[d]!),
    offset,
  }),
};
