import { BYTES_PER_ELEMENT, type DType, type TypedArray } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Attributes, Variable } from '../tensor/tensor.ts';

/** A piece of memory that views point into. */
export type Buffer =
  /** Scratch memory shared by lifetime; `offset` and `bytes` lie within the program's arena. */
  | { readonly kind: 'arena'; readonly offset: number; readonly bytes: number }
  /** Persistent memory, `program.variables[index]`. */
  | { readonly kind: 'variable'; readonly index: number }
  /** Filled before each run, `program.inputs[index]`. */
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'constant'; readonly data: TypedArray };

/** How an instruction sees a buffer: `strides` and `offset` count elements. */
export interface View {
  readonly buffer: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

export interface Instruction {
  /** Name of the operation. */
  readonly op: string;
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  readonly attributes: Attributes;
  readonly flops: number;
}

export interface Slot {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One step of work, decided once: what to compute in which order, and where everything lies. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly buffers: readonly Buffer[];
  readonly variables: readonly Variable[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly { readonly name: string; readonly view: View }[];
  /** Bytes of scratch memory. */
  readonly arenaBytes: number;
  /** Floating-point operations of one run. */
  readonly flops: number;
}

/** Bytes of memory that a program needs, variables included. */
export function programBytes({ arenaBytes, buffers, variables, inputs }: Program): number {
  const constants = buffers.flatMap((buffer) => (buffer.kind === 'constant' ? buffer.data.length : []));
  const persistent = [...variables, ...inputs].map(({ shape }) => sizeOf(shape));
  return [...constants, ...persistent].reduce((bytes, size) => bytes + BYTES_PER_ELEMENT * size, arenaBytes);
}
