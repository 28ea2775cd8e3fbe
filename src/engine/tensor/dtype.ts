/** Element types. Both take four bytes; `i32` holds token ids, positions and counters. */
export type DType = 'f32' | 'i32';

export type TypedArray = Float32Array<ArrayBufferLike> | Int32Array<ArrayBufferLike>;

export const BYTES_PER_ELEMENT = 4;

export function typedArray(dtype: DType, length: number, values: ArrayLike<number> = []): TypedArray {
  const array = dtype === 'f32' ? new Float32Array(length) : new Int32Array(length);
  array.set(values);
  return array;
}
