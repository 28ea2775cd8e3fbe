import type { Attributes, Layout, TensorType, TypedArray, Variable } from '../tensor/index.ts';

/** A piece of memory that views point into. */
export type ProgramBuffer =
  /** Persistent memory, `program.variables[index]`. */
  | { readonly kind: 'variable'; readonly index: number }
  /** Filled before each run, `program.inputs[index]`. */
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'constant'; readonly data: TypedArray }
  /** A value that one instruction makes and others read. */
  | { readonly kind: 'temporary'; readonly bytes: number };

/** How an instruction sees a buffer: `strides` and `offset` count elements. */
export interface View extends TensorType, Layout {
  readonly buffer: number;
}

export interface Instruction {
  /** Name of the operation. */
  readonly op: string;
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  readonly attributes: Attributes;
  readonly flops: number;
}

export interface Slot extends TensorType {
  readonly name: string;
}

/**
 * One step of work as plain data, the same for every device: what to compute, in the order of writing. Operands may
 * be views with any strides.
 */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly buffers: readonly ProgramBuffer[];
  /** What the program keeps between runs; the loader brings the memory. */
  readonly variables: readonly Slot[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly { readonly name: string; readonly view: View }[];
  /** Variables, seen whole, that take new values at the end of a run, all at once. */
  readonly assign: readonly { readonly from: View; readonly to: View }[];
  /** Floating-point operations of one run. */
  readonly flops: number;
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
export interface PlacedProgram extends Omit<Program, 'assign'> {
  /** Bytes of scratch memory, which temporaries share by lifetime. */
  readonly arenaBytes: number;
  /** Where in it they lie, by the buffer's index; those that are not there live in place of a variable. */
  readonly offsets: ReadonlyMap<number, number>;
}
