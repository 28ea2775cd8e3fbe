import { type Shape, sizeOf, stridesOf } from './shape.ts';

/** Whether elements lie one after another in row-major order. */
export function isContiguous(view: { readonly shape: Shape; readonly strides: readonly number[] }): boolean {
  const dense = stridesOf(view.shape);
  return (
    view.shape.every((extent, i) => extent === 1 || view.strides[i] === dense[i]) || sizeOf(view.shape) === 0
  );
}
