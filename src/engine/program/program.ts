import { BYTES_PER_ELEMENT, type DType, type TypedArray } from '../tensor/dtype.ts';
import type { Attributes } from '../tensor/operation.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Variable } from '../tensor/tensor.ts';

/** Memory that views point into and that has its place from the start. */
type FixedBuffer =
  /** Persistent memory, `program.variables[index]`. */
  | { readonly kind: 'variable'; readonly index: number }
  /** Filled before each run, `program.inputs[index]`. */
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'constant'; readonly data: TypedArray };

/** A piece of memory that views point into. */
export type ProgramBuffer =
  | FixedBuffer
  /** A value that one instruction makes and others read. */
  | { readonly kind: 'temporary'; readonly bytes: number };

/** The same on a device: temporaries have their places. */
export type PlacedBuffer =
  | FixedBuffer
  /** Scratch memory shared by lifetime; `offset` and `bytes` lie within the program's arena. */
  | { readonly kind: 'arena'; readonly offset: number; readonly bytes: number };

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

interface Instructions {
  readonly instructions: readonly Instruction[];
  /** What the program keeps between runs; the loader brings the memory. */
  readonly variables: readonly Slot[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly { readonly name: string; readonly view: View }[];
  /** Floating-point operations of one run. */
  readonly flops: number;
}

/**
 * One step of work as plain data, the same for every device: what to compute, in the order of writing. Operands may
 * be views with any strides.
 */
export interface Program extends Instructions {
  readonly buffers: readonly ProgramBuffer[];
  /** Variables, by index, that take new values at the end of a run, all at once. */
  readonly assign: readonly { readonly variable: number; readonly view: View }[];
}

/** A program, and the variables that stand in its slots. */
export interface CompiledProgram {
  readonly program: Program;
  readonly variables: readonly Variable[];
}

/**
 * A program laid out for one device: in the order of running, with copies where kernels need them, and a place in
 * memory for every buffer. Outputs are row-major.
 */
export interface PlacedProgram extends Instructions {
  readonly buffers: readonly PlacedBuffer[];
  /** Bytes of scratch memory. */
  readonly arenaBytes: number;
}

/** Bytes of memory that a program needs, variables included. */
export function programBytes({ arenaBytes, buffers, variables, inputs }: PlacedProgram): number {
  const constants = buffers.flatMap((buffer) => (buffer.kind === 'constant' ? buffer.data.length : []));
  const persistent = [...variables, ...inputs].map(({ shape }) => sizeOf(shape));
  return [...constants, ...persistent].reduce((bytes, size) => bytes + BYTES_PER_ELEMENT * size, arenaBytes);
}
