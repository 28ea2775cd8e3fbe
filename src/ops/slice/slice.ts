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

/** `x` with `before` zeros put in front of it and `after` behind it along dimension `dim`. */
export function pad(x: Tensor, dim: number, before: number, after: number): Tensor {
  const d = normalizeDim('pad', dim, x.rank);
  const shape = withExtent(x.shape, d, before + x.shape[d]! + after);
  return apply(padOperation, [x], { dim: d, before, after }, shape, x.dtype);
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

export const padOperation: Operation<{ dim: number; before: number; after: number }> = {
  name: 'pad',
  gradient: ({ inputs: [x], attributes: { dim, before } }, [gradient]) => [
    gradient && slice(gradient, dim, before, before + x!.shape[dim]!),
  ],
};
