import { NanobardError } from '../../errors.ts';
import { apply, type Operation, requireTensors } from '../../tensor/operation.ts';
import { normalizeDim, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * `x` with `before` elements of `value` in front of it and `after` behind it along dimension `dim`; negative
 * numbers cut off as many of its own, as in torch.nn.functional.pad.
 *
 * @throws {NanobardError} code `shape` if less than nothing would be left, `argument` if `value` is not a number, or
 *   a fraction where `x` holds integers.
 */
export function pad(x: Tensor, dim: number, before: number, after: number, value = 0): Tensor {
  requireTensors('pad', [x]);
  const d = normalizeDim('pad', dim, x.rank);
  const extent = before + x.shape[d]! + after;
  if (!Number.isInteger(before) || !Number.isInteger(after) || extent < 0) {
    throw shapeError('pad', `dimension ${dim} cannot grow by ${before} and ${after}`, x.shape);
  }
  if (typeof value !== 'number')
    throw new NanobardError('argument', `pad: the value must be a number, not ${value}`);
  if (x.dtype === 'i32' && !Number.isInteger(value)) {
    throw new NanobardError('argument', `pad: cannot fill i32 with the fraction ${value}`);
  }
  return apply(padOperation, [x], { dim: d, before, after, value })[0];
}

/**
 * Element i of dimension `dim` is element i − `by` of `x`, or `value` where there is none: `shift(x, 1)` of
 * x (B, T, C) gives each token what the token before it had, and the first one zeros.
 *
 * @throws {NanobardError} code `shape` if `by` is not an integer, `argument` as `pad`.
 */
export function shift(x: Tensor, dim: number, by = 1, value = 0): Tensor {
  return pad(x, dim, by, -by, value);
}

export const padOperation: Operation<
  [x: Tensor],
  [y: Tensor],
  { readonly dim: number; readonly before: number; readonly after: number; readonly value: number }
> = {
  name: 'pad',
  shape: ([x], { dim, before, after }) => [
    { shape: x.shape.with(dim, before + x.shape[dim]! + after), dtype: x.dtype },
  ],
  gradient: ({ attributes: { dim, before, after } }, [dy]) => [pad(dy, dim, -before, -after)],
};
