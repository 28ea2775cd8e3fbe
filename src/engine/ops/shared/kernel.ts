import type { DType } from '../../tensor/dtype.ts';
import type { InPlaceOf, Operation } from '../../tensor/operation.ts';
import { lastOf, type Shape, sizeOf } from '../../tensor/shape.ts';
import type { signatures } from '../signatures.generated.ts';

/** What a CPU lowering sees: a byte address in WebAssembly memory; strides count elements. */
export interface CpuView {
  readonly address: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

/** How many rows the last dimension makes of a view, and how wide they are: how most kernels see their operands. */
export function rowsOf({ shape }: CpuView): { rows: number; width: number } {
  return { rows: sizeOf(shape.slice(0, -1)), width: lastOf(shape) };
}

type Signatures = typeof signatures;

/** The exported functions of `*.wasm.ts`. */
export type KernelName = keyof Signatures;

/** Scratch memory that each thread has a part of its own in. */
export interface PerThread {
  readonly address: number;
  /** Bytes from one thread's part to the next one's. */
  readonly stride: number;
}

/** What TypeScript passes for a kernel's parameter, by the parameter's type in AssemblyScript. */
interface Argument {
  /** An address, or what has one; 0 stands for an operand that is not there. */
  readonly usize: number | Pick<CpuView, 'address'>;
  readonly i32: number;
  readonly f32: number;
  readonly f64: number;
  /** Words that the tape carries; the kernel gets their address. */
  readonly Words: readonly number[];
  readonly PerThread: PerThread;
}

/** The arguments of a kernel by the names of its parameters. */
export type KernelArguments<K extends KernelName> = {
  readonly [P in keyof Signatures[K]]: Argument[Signatures[K][P] & keyof Argument];
};

export interface CpuTape {
  /**
   * Appends one kernel call. It is cut into one piece for each thread, or several if it is worth as many `pieces`
   * in all: then a thread that is held up leaves some of its own to others.
   */
  emit<K extends KernelName>(kernel: K, args: KernelArguments<K>, pieces?: number): void;
  /**
   * Address of scratch memory for so many floats, or other words of 32 bits. It holds its contents until the
   * operation's last kernel has run (the next operation uses the same memory).
   */
  scratch(floats: number): number;
  /** The same for so many floats of each thread's own. */
  perThread(floats: number): PerThread;
  /** How many threads share the work: what a kernel computes must not depend on it, how it is cut may. */
  readonly threads: number;
  /** Columns of a panel of a packed matrix: 8, or 16 in the wide build of the kernels. */
  readonly panelColumns: number;
  /** Whether kernels can call a BLAS library. */
  readonly blas: boolean;
}

/** What a device's kernel of an operation can read as it lies, and what it may overwrite. */
export interface KernelTraits {
  /** Operands that it takes with arbitrary strides; all others are made row-major first. */
  readonly strided?: readonly number[] | 'all';
  /** Operands that it takes with arbitrary strides as long as the last dimension is contiguous. */
  readonly stridedRows?: readonly number[];
  /** Whether it writes results with arbitrary strides, as long as the last dimension is contiguous. */
  readonly stridedResults?: boolean;
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
