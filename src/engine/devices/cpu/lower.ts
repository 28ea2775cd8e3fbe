import { NanobardError } from '../../errors.ts';
import { cpuKernels } from '../../ops/kernels.cpu.generated.ts';
import type {
  CpuKernel,
  CpuTape,
  CpuView,
  KernelArguments,
  KernelName,
  KernelTraits,
} from '../../ops/shared/kernel.ts';
import { signatures } from '../../ops/signatures.generated.ts';
import type { PlacedProgram, View } from '../../program/program.ts';
import type { Operation } from '../../tensor/operation.ts';

const kernels: Readonly<Record<string, CpuKernel<Operation>>> = cpuKernels;

/** What the CPU's kernel of an operation can read and overwrite. */
export function traitsOf(op: string): KernelTraits {
  return kernels[op] ?? {};
}

const opcodes = new Map(Object.keys(signatures).map((kernel, opcode) => [kernel, opcode]));

/** What kernels run on. */
export type Machine = Pick<CpuTape, 'panelColumns' | 'blas'> & { readonly threads: number };

/** The tape of a program: kernel calls as 32-bit words, and where each instruction begins. `memory` is for scratch. */
export function lower(
  program: PlacedProgram,
  locate: (view: View) => CpuView,
  memory: number,
  { threads, panelColumns, blas }: Machine,
): { words: number[]; marks: number[]; scratchBytes: number } {
  const words: number[] = [];
  const marks: number[] = [];
  let used = 0;
  let scratchBytes = 0;
  const scratch = (floats: number): number => {
    const address = memory + used;
    used += roundToLine(4 * floats);
    scratchBytes = Math.max(scratchBytes, used);
    return address;
  };
  const tape: CpuTape = {
    panelColumns,
    blas,
    emit(kernel, args) {
      words.push(...encode(kernel, args));
    },
    scratch,
    perThread(floats) {
      const stride = roundToLine(4 * floats);
      return { address: scratch((stride / 4) * threads), stride };
    },
  };
  for (const { op, inputs, outputs, attributes } of program.instructions) {
    const kernel = kernels[op];
    if (!kernel) throw new NanobardError('internal', `cpu device: no operation ${op}`);
    used = 0;
    marks.push(words.length);
    kernel.lower(tape, inputs.map(locate), outputs.map(locate), attributes);
  }
  return { words, marks, scratchBytes };
}

const roundToLine = (bytes: number): number => Math.ceil(bytes / 64) * 64;

const double = new Float64Array(1);
const float = new Float32Array(double.buffer);
const bits = new Int32Array(double.buffer);

/**
 * One kernel call: opcode, number of words that follow, a word for each argument (two of a double and of memory for
 * each thread), and the lists, to which their arguments are the distance in bytes.
 */
export function encode<K extends KernelName>(kernel: K, args: KernelArguments<K>): number[] {
  const values: Readonly<Record<string, number | readonly number[] | { address: number; stride?: number }>> =
    args;
  const words: number[] = [];
  const lists: [at: number, list: readonly number[]][] = [];
  for (const [name, type] of Object.entries<string>(signatures[kernel])) {
    const value = values[name]!;
    if (typeof value === 'number') {
      if (type === 'f64') double[0] = value;
      else if (type === 'f32') float[0] = value;
      else bits[0] = value;
      words.push(...bits.subarray(0, type === 'f64' ? 2 : 1));
    } else if ('address' in value) {
      words.push(value.address);
      if (type === 'PerThread') words.push(value.stride!);
    } else {
      lists.push([words.length, value]);
      words.push(0);
    }
  }
  for (const [at, list] of lists) {
    words[at] = 4 * words.length;
    words.push(...list);
  }
  return [opcodes.get(kernel)!, words.length, ...words];
}
