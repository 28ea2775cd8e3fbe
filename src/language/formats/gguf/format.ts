// The format GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. All numbers are little-endian.
//
//   "GGUF", u32 version, u64 number of tensors, u64 number of metadata entries
//   entries   text key, u32 type, value; a text is a u64 length and UTF-8; an array is u32 type, u64 length, values
//   tensors   text name, u32 rank, u64 sizes (innermost first), u32 type, u64 offset into the data
//   data      from the next multiple of general.alignment on, as are all offsets

export const MAGIC = 0x46554747; // "GGUF"
export const VERSION = 3;
export const ALIGNMENT = 32;

/** Types of metadata values, by their numbers. */
export const valueTypes = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  text: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

export type ValueType = keyof typeof valueTypes;

/** How weights are stored, by ggml's numbers, and how many bytes so many elements take. */
export const tensorTypes = {
  f32: { number: 0, block: 1, bytes: 4 },
  f16: { number: 1, block: 1, bytes: 2 },
  /** Blocks of 32: a scale in half precision and 32 int8. */
  q8_0: { number: 8, block: 32, bytes: 34 },
} as const;

export type TensorType = keyof typeof tensorTypes;

export const align = (offset: number, to: number): number => Math.ceil(offset / to) * to;

/** Whether a file begins as GGUF does. */
export const isGGUF = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC;
