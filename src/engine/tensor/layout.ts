import { type Shape, sizeOf, stridesOf } from './shape.ts';

/** Whether elements lie one after another in row-major order. */
export function isContiguous(view: { readonly shape: Shape; readonly strides: readonly number[] }): boolean {
  const dense = stridesOf(view.shape);
  return (
    view.shape.every((extent, i) => extent === 1 || view.strides[i] === dense[i]) || sizeOf(view.shape) === 0
  );
}

/**
 * Strides under which the same elements, in the same order, have the shape `to`; undefined if no strides do.
 * Dimensions that lie one in the other without a jump form a run; each run is cut anew on its own.
 */
export function reshapeStrides(shape: Shape, strides: readonly number[], to: Shape): number[] | undefined {
  if (sizeOf(shape) === 0) return stridesOf(to);
  const result = new Array<number>(to.length).fill(1);
  let left = to.length - 1; // new dimensions that have no stride yet
  for (let d = shape.length - 1; d >= 0; ) {
    const step = strides[d]!;
    let run = shape[d--]!;
    while (d >= 0 && (shape[d] === 1 || strides[d] === run * step)) run *= shape[d--]!;
    let covered = 1;
    while (left >= 0 && covered < run) {
      result[left] = covered * step;
      covered *= to[left--]!;
    }
    if (covered !== run) return undefined;
  }
  return result;
}
