/**
 * Element types. `f32` and `i32` take four bytes; `i32` holds token ids, positions and counters. `q8` is for weights that
 * stay as they are: variables of rank 2 that a device may keep as 8-bit integers, with one number for each row that they
 * are multiples of. What is written and read are floats.
 */
export type DType = 'f32' | 'i32' | 'q8';

export type TypedArray = Float32Array<ArrayBufferLike> | Int32Array<ArrayBufferLike>;

export const BYTES_PER_ELEMENT = 4;

export function typedArray(dtype: DType, length: number, values: ArrayLike<number> = []): TypedArray {
  const array = dtype === 'i32' ? new Int32Array(length) : new Float32Array(length);
  array.set(values);
  return array;
}
