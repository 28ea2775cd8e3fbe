import { type InPlaceOf, lastOf, type Operation, type Shape } from '../../tensor/index.ts';

/** What a reference kernel sees: row-major arrays in float64, whatever the dtype. */
export interface ReferenceArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/**
 * What the operation `Op` means: plain TypeScript in float64, written to be read. It is the type of a method, whose
 * parameters may be narrower, so that the kernel of any operation fits into a table of all.
 */
export type ReferenceKernel<Op> =
  Op extends Operation<infer I, infer O, infer A>
    ? {
        kernel(
          inputs: InPlaceOf<I, ReferenceArray>,
          outputs: InPlaceOf<O, ReferenceArray>,
          attributes: A,
        ): void;
      }['kernel']
    : never;

/** The rows of the last dimension: parts of the array, to read and to write. */
export function rowsOf({ shape, data }: ReferenceArray, width = lastOf(shape)): Float64Array[] {
  return Array.from({ length: width && data.length / width }, (_, row) =>
    data.subarray(row * width, (row + 1) * width),
  );
}

/** The value of a scalar. */
export function scalarOf({ data }: ReferenceArray): number {
  return data[0]!;
}

/** Where sequence `b` stands: at a position of its own, or where all do. */
export function positionOf({ data }: ReferenceArray, b: number): number {
  return data[b % data.length]!;
}

/** Writes f(a[i], b[i], i) to each y[i], for arrays of one length. */
export function combine(
  y: Float64Array,
  a: Float64Array,
  b: Float64Array,
  f: (a: number, b: number, i: number) => number,
): void {
  for (let i = 0; i < y.length; i++) y[i] = f(a[i]!, b[i]!, i);
}

/** y ← y + factor · x */
export function accumulate(y: Float64Array, factor: number, x: Float64Array): void {
  combine(y, y, x, (sum, value) => sum + factor * value);
}

/** Σ a[i] · b[i] */
export function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
