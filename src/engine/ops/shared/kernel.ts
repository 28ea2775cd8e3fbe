import type { DType } from '../../tensor/dtype.ts';
import type { InPlaceOf, Operation } from '../../tensor/operation.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Attributes } from '../../tensor/tensor.ts';
import type { KernelName } from '../opcodes.generated.ts';

/** What a reference kernel sees: row-major arrays in float64, whatever the dtype. */
export interface ReferenceArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** The definition of an operation: plain TypeScript in float64, written to be read. */
export type ReferenceKernel<A extends Attributes = Attributes> = (
  inputs: readonly ReferenceArray[],
  outputs: readonly ReferenceArray[],
  attributes: A,
) => void;

/** What a CPU lowering sees: a byte address in WebAssembly memory; strides count elements. */
export interface CpuView {
  readonly address: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

export interface CpuTape {
  /** Appends one kernel call. Arguments are 32-bit words; pass floats through `floatBits`. */
  emit(kernel: KernelName, ...args: number[]): void;
  /**
   * Address of scratch memory that holds its contents until the operation's last kernel has run
   * (the next operation uses the same memory).
   */
  scratch(bytes: number): number;
  /** How many threads will walk the tape: for scratch memory of their own, never for how work is split. */
  readonly threads: number;
  /** Columns of a panel of a packed matrix: 8, or 16 in the wide build of the kernels. */
  readonly panelColumns: number;
  /** Whether kernels can call a BLAS library. */
  readonly blas: boolean;
}

/** Turns one call of an operation into kernel calls. Between two kernels all threads wait for each other. */
export type CpuLowering<A extends Attributes = Attributes> = {
  lower(tape: CpuTape, inputs: readonly CpuView[], outputs: readonly CpuView[], attributes: A): void;
}['lower']; // as a method's type, any operation's kernel fits into a table of all

/** What a device's kernel of an operation can read as it lies, and what it may overwrite. */
export interface KernelTraits {
  /** Operands that it takes with arbitrary strides; all others are made row-major first. */
  readonly strided?: readonly number[] | 'all';
  /** Operands that it takes with arbitrary strides as long as the last dimension is contiguous. */
  readonly stridedRows?: readonly number[];
  /** Which operand's memory a result may take over when that is a variable being assigned: a list, or a rule. */
  readonly inPlace?: readonly number[] | ((result: number) => number | undefined);
}

/** A kernel of the operation `Op` on the CPU. */
export type CpuKernel<Op> =
  Op extends Operation<infer I, infer O, infer A>
    ? KernelTraits & {
        /** Turns one call into kernel calls. Between two kernels all threads wait for each other. */
        lower(
          tape: CpuTape,
          inputs: InPlaceOf<I, CpuView>,
          outputs: InPlaceOf<O, CpuView>,
          attributes: A,
        ): void;
      }
    : never;

const word = new DataView(new ArrayBuffer(4));

/** The 32-bit pattern of a float, as a kernel argument. */
export function floatBits(value: number): number {
  word.setFloat32(0, value);
  return word.getInt32(0);
}
