import { NanobardError } from '../../errors.ts';
import { normalizeDim, type Shape, shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';

/**
 * The part of `x` from `start` up to, not including, `end` of dimension `dim`. As in Python, negative
 * numbers count from the end: `slice(x, 1, -1)` is what `x[:, -1:]` is there. No memory moves.
 *
 * @throws {NanobardError} code `shape` if the part does not lie within `x`.
 */
export function slice(x: Tensor, dim: number, start: number, end?: number): Tensor {
  const d = normalizeDim('slice', dim, x.rank);
  const extent = x.shape[d]!;
  const from = start < 0 ? start + extent : start;
  const to = end === undefined ? extent : end < 0 ? end + extent : end;
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > extent) {
    throw shapeError('slice', `${start} to ${end ?? extent} does not lie within dimension ${dim}`, x.shape);
  }
  return apply(
    sliceOperation,
    [x],
    { dim: d, start: from, end: to },
    withExtent(x.shape, d, to - from),
    x.dtype,
  );
}

/**
 * `x` with `before` elements of `value` in front of it and `after` behind it along dimension `dim`; negative
 * numbers cut off as many of its own, as in torch.nn.functional.pad.
 *
 * @throws {NanobardError} code `shape` if less than nothing would be left, `argument` if `value` is a fraction
 *   and `x` holds integers.
 */
export function pad(x: Tensor, dim: number, before: number, after: number, value = 0): Tensor {
  const d = normalizeDim('pad', dim, x.rank);
  const extent = before + x.shape[d]! + after;
  if (!Number.isInteger(before) || !Number.isInteger(after) || extent < 0) {
    throw shapeError('pad', `dimension ${dim} cannot grow by ${before} and ${after}`, x.shape);
  }
  if (x.dtype === 'i32' && !Number.isInteger(value)) {
    throw new NanobardError('argument', `pad: cannot fill i32 with the fraction ${value}`);
  }
  return apply(padOperation, [x], { dim: d, before, after, value }, withExtent(x.shape, d, extent), x.dtype);
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

function withExtent(shape: Shape, dim: number, extent: number): Shape {
  return shape.map((known, d) => (d === dim ? extent : known));
}

export const sliceOperation: Operation<{ dim: number; start: number; end: number }> = {
  name: 'slice',
  gradient: ({ inputs: [x], attributes: { dim, start, end } }, [gradient]) => [
    gradient && pad(gradient, dim, start, x!.shape[dim]! - end),
  ],
  view: ({ outputs: [y], attributes: { dim, start } }, input) => ({
    shape: y!.shape,
    strides: input.strides,
    offset: input.offset + start * input.strides[dim]!,
  }),
};

export const padOperation: Operation<{ dim: number; before: number; after: number; value: number }> = {
  name: 'pad',
  gradient: ({ inputs: [x], attributes: { dim, before, after } }, [gradient]) => {
    if (!gradient) return [];
    if (before >= 0 && after >= 0) return [slice(gradient, dim, before, before + x!.shape[dim]!)];
    return [pad(gradient, dim, -before, -after)];
  },
};
