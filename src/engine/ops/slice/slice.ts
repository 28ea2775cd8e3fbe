import { apply, type Operation, requireTensors } from '../../tensor/operation.ts';
import { normalizeDim, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { pad } from '../pad/pad.ts';

/**
 * The part of `x` from `start` up to, not including, `end` of dimension `dim`. As in Python, negative
 * numbers count from the end: `slice(x, 1, -1)` is what `x[:, -1:]` is there. No memory moves.
 *
 * @throws {NanobardError} code `shape` if the part does not lie within `x`.
 */
export function slice(x: Tensor, dim: number, start: number, end?: number): Tensor {
  requireTensors('slice', [x]);
  const d = normalizeDim('slice', dim, x.rank);
  const extent = x.shape[d]!;
  const from = start < 0 ? start + extent : start;
  const to = end === undefined ? extent : end < 0 ? end + extent : end;
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > extent) {
    throw shapeError('slice', `${start} to ${end ?? extent} does not lie within dimension ${dim}`, x.shape);
  }
  return apply(sliceOperation, [x], { dim: d, start: from, end: to })[0];
}

export const sliceOperation: Operation<
  [x: Tensor],
  [y: Tensor],
  { readonly dim: number; readonly start: number; readonly end: number }
> = {
  name: 'slice',
  shape: ([x], { dim, start, end }) => [{ shape: x.shape.with(dim, end - start), dtype: x.dtype }],
  gradient: ({ inputs: [x], attributes: { dim, start, end } }, [dy]) => [
    pad(dy, dim, start, x.shape[dim]! - end),
  ],
  view: ({ attributes: { dim, start } }, { strides, offset }) => ({
    strides,
    offset: offset + start * strides[dim]!,
  }),
};
