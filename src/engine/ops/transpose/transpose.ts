import { formatShape, normalizeDim, shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';

/**
 * `x` with its dimensions in another order: dimension i of the result is dimension `dims[i]` of `x`.
 * Negative ones count from the end. No memory moves.
 *
 * @throws {NanobardError} code `shape` unless `dims` names every dimension of `x` once.
 */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  const order = dims.map((dim) => normalizeDim('permute', dim, x.rank));
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw shapeError(
      'permute',
      `${formatShape(dims)} does not name each of the ${x.rank} dimensions once`,
      x.shape,
    );
  }
  const shape = order.map((dim) => x.shape[dim]!);
  return apply(permuteOperation, [x], { dims: order }, shape, x.dtype);
}

/** `x` with two dimensions exchanged. No memory moves. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const a = normalizeDim('transpose', dim0, x.rank);
  const b = normalizeDim('transpose', dim1, x.rank);
  return permute(
    x,
    x.shape.map((_, d) => (d === a ? b : d === b ? a : d)),
  );
}

export const permuteOperation: Operation<{ dims: readonly number[] }> = {
  name: 'permute',
  gradient: ({ attributes: { dims } }, [gradient]) => [
    gradient &&
      permute(
        gradient,
        dims.map((_, d) => dims.indexOf(d)),
      ),
  ],
  view: ({ attributes: { dims } }, input) => ({
    shape: dims.map((d) => input.shape[d]!),
    strides: dims.map((d) => input.strides[d]!),
    offset: input.offset,
  }),
};
