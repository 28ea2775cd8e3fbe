import type { Shape } from '../../../engine/tensor/shape.ts';
import {
  ALIGNMENT,
  align,
  MAGIC,
  type TensorType,
  tensorTypes,
  type ValueType,
  VERSION,
  valueTypes,
} from './format.ts';

/** A metadata value as it is written: its type and its bytes. */
export interface Value {
  readonly type: ValueType;
  readonly bytes: Uint8Array;
}

export interface Tensor {
  /** Outermost dimension first, as everywhere here. */
  readonly shape: Shape;
  readonly type: TensorType;
  readonly bytes: Uint8Array;
}

export const u32 = (value: number): Value => ({ type: 'u32', bytes: bytesOf(Uint32Array.of(value)) });
export const i32 = (value: number): Value => ({ type: 'i32', bytes: bytesOf(Int32Array.of(value)) });
export const f32 = (value: number): Value => ({ type: 'f32', bytes: bytesOf(Float32Array.of(value)) });
export const bool = (value: boolean): Value => ({ type: 'bool', bytes: Uint8Array.of(value ? 1 : 0) });

export function text(value: string): Value {
  const utf8 = new TextEncoder().encode(value);
  return { type: 'text', bytes: join([u64(utf8.length), utf8]) };
}

/** All of one type, which must be given, since there may be none. */
export function array(type: ValueType, values: readonly Value[]): Value {
  const head = [u32(valueTypes[type]).bytes, u64(values.length)];
  return { type: 'array', bytes: join([...head, ...values.map(({ bytes }) => bytes)]) };
}

/** The bytes of a GGUF file. */
export function encodeGGUF(
  metadata: ReadonlyMap<string, Value>,
  tensors: ReadonlyMap<string, Tensor>,
): Uint8Array<ArrayBuffer> {
  const header = [u32(MAGIC).bytes, u32(VERSION).bytes, u64(tensors.size), u64(metadata.size)];
  for (const [key, { type, bytes }] of metadata)
    header.push(text(key).bytes, u32(valueTypes[type]).bytes, bytes);
  const places: number[] = [];
  let end = 0;
  for (const [name, { shape, type, bytes }] of tensors) {
    const offset = align(end, ALIGNMENT);
    places.push(offset);
    end = offset + bytes.length;
    const sizes = [...shape].reverse().map(u64);
    header.push(text(name).bytes, u32(shape.length).bytes, ...sizes);
    header.push(u32(tensorTypes[type].number).bytes, u64(offset));
  }
  const head = join(header);
  const start = align(head.length, ALIGNMENT);
  const file = new Uint8Array(start + align(end, ALIGNMENT));
  file.set(head);
  [...tensors.values()].forEach(({ bytes }, i) => {
    file.set(bytes, start + places[i]!);
  });
  return file;
}

const u64 = (value: number): Uint8Array => bytesOf(BigUint64Array.of(BigInt(value)));

const bytesOf = ({ buffer }: { readonly buffer: ArrayBuffer }): Uint8Array => new Uint8Array(buffer);

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
