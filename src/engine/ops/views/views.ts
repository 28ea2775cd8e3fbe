// Operations that look at elements differently, or move them, without changing them.

import { NanobardError } from '../../errors.ts';
import { reshapeStrides } from '../../tensor/layout.ts';
import {
  apply,
  type NoAttributes,
  type Operation,
  requireArray,
  requireTensors,
} from '../../tensor/operation.ts';
import { formatShape, normalizeDim, type Shape, sameShape, shapeError, sizeOf } from '../../tensor/shape.ts';
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
  const wrong = resolved.some((extent) => !Number.isInteger(extent) || extent < 0);
  if (free > 1 || wrong || sizeOf(resolved) !== x.size) {
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
  const exchanged = x.shape.map((_, d) => (d === a ? b : d === b ? a : d));
  return permute(x, exchanged);
}

export const permuteOperation: Operation<[x: Tensor], [y: Tensor], { readonly dims: readonly number[] }> = {
  name: 'permute',
  shape: ([x], { dims }) => [{ shape: dims.map((d) => x.shape[d]!), dtype: x.dtype }],
  gradient({ attributes: { dims } }, [dy]) {
    const inverse = dims.map((_, d) => dims.indexOf(d));
    return [permute(dy, inverse)];
  },
  view: ({ attributes: { dims } }, { strides, offset }) => ({
    strides: dims.map((d) => strides[d]!),
    offset,
  }),
};

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

/**
 * Tensors one after another along dimension `dim`; all other extents must agree.
 *
 * @throws {NanobardError} code `shape` if they do not, `argument` if there is no tensor or types differ.
 */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  const head = headOf('concat', tensors);
  const d = normalizeDim('concat', dim, head.rank);
  const other = tensors.find(({ shape }) => !sameShape(shape.toSpliced(d, 1), head.shape.toSpliced(d, 1)));
  if (other) {
    throw shapeError('concat', `only the extents of dimension ${dim} may differ`, head.shape, other.shape);
  }
  return apply(concatOperation, [head, ...tensors.slice(1)], { dim: d })[0];
}

/**
 * Tensors of one shape side by side along a new dimension `dim` of the result.
 *
 * @throws {NanobardError} code `shape` if the shapes differ, `argument` if there is no tensor or types differ.
 */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const head = headOf('stack', tensors);
  const d = normalizeDim('stack', dim, head.rank + 1);
  const other = tensors.find((x) => !sameShape(x.shape, head.shape));
  if (other) throw shapeError('stack', 'all shapes must be equal', head.shape, other.shape);
  const shape = head.shape.toSpliced(d, 0, 1);
  const slices = tensors.map((x) => reshape(x, shape));
  return concat(slices, d);
}

/** The first of several tensors of one dtype. */
function headOf(op: string, tensors: readonly Tensor[]): Tensor {
  requireTensors(op, tensors);
  const [head] = tensors;
  if (!head) throw new NanobardError('argument', `${op}: needs at least one tensor`);
  const other = tensors.find((x) => x.dtype !== head.dtype);
  if (other) throw new NanobardError('argument', `${op}: cannot join ${head.dtype} with ${other.dtype}`);
  return head;
}

export const concatOperation: Operation<
  [first: Tensor, ...others: Tensor[]],
  [y: Tensor],
  { readonly dim: number }
> = {
  name: 'concat',
  shape([first, ...others], { dim }) {
    const total = [first, ...others].reduce((sum, x) => sum + x.shape[dim]!, 0);
    return [{ shape: first.shape.with(dim, total), dtype: first.dtype }];
  },
  gradient({ inputs, attributes: { dim } }, [dy]) {
    let end = 0;
    return inputs.map((x) => {
      const start = end;
      end += x.shape[dim]!;
      return slice(dy, dim, start, end);
    });
  },
};

/** Copies a view of any strides to row-major order: what is inserted where a kernel needs that. */
export const contiguousOperation: Operation<[x: Tensor], [y: Tensor], NoAttributes> = {
  name: 'contiguous',
  shape: ([x]) => [x],
  flops: () => 0,
  gradient: (_call, [dy]) => [dy],
};

/** The same values in memory of their own, row-major. */
export function contiguous(x: Tensor): Tensor {
  requireTensors('contiguous', [x]);
  return apply(contiguousOperation, [x], {})[0];
}
