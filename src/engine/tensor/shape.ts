import { NanobardError } from '../errors.ts';

/** Extents of a tensor, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** A shape of a known rank. */
export type Extents<R extends 2 | 3 | 4> = R extends 2
  ? readonly [number, number]
  : R extends 3
    ? readonly [number, number, number]
    : readonly [number, number, number, number];

/** Whether the shape has this rank. */
export function hasRank<R extends 2 | 3 | 4>(shape: Shape, rank: R): shape is Extents<R> {
  return shape.length === rank;
}

/** The extents of a shape that has rank `R`, as its reader knows. */
export function extents<R extends 2 | 3 | 4>(shape: Shape, rank: R): Extents<R> {
  if (hasRank(shape, rank)) return shape;
  throw new NanobardError('internal', `a shape of rank ${rank} was expected, not ${formatShape(shape)}`);
}

/** The extent of the last dimension; 1 of a scalar. */
export function lastOf(shape: Shape): number {
  return shape.at(-1) ?? 1;
}

export function formatShape(shape: Shape): string {
  return `(${shape.join(', ')})`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/** An error of the operation `op`, naming the shapes that it was given. */
export function shapeError(op: string, problem: string, ...shapes: Shape[]): NanobardError {
  const given = shapes.length > 0 ? ` (given ${shapes.map(formatShape).join(' and ')})` : '';
  return new NanobardError('shape', `${op}: ${problem}${given}`);
}

/** Turns a dimension counted from the end (−1 is the last) into one counted from the front. */
export function normalizeDim(op: string, dim: number, rank: number): number {
  const normalized = dim < 0 ? dim + rank : dim;
  if (!Number.isInteger(dim) || normalized < 0 || normalized >= rank) {
    throw new NanobardError('shape', `${op}: dimension ${dim} does not exist in a tensor of rank ${rank}`);
  }
  return normalized;
}

/** The shape that `a` and `b` broadcast to, by NumPy's rule: aligned at the end, 1 stretches. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw shapeError(
        op,
        `extents ${x} and ${y} of dimension ${-i} do not broadcast; they must be equal or 1`,
        a,
        b,
      );
    }
    result[rank - i] = x === 1 ? y : x;
  }
  return result;
}

/**
 * Strides that read a tensor of shape `from` as if it had shape `to`:
 * stretched dimensions get stride 0.
 */
export function broadcastStrides(from: Shape, strides: readonly number[], to: Shape): number[] {
  return to.map((extent, i) => {
    const j = i - (to.length - from.length);
    return j < 0 || (from[j] === 1 && extent !== 1) ? 0 : strides[j]!;
  });
}
