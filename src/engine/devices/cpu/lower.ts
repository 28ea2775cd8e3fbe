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
import { Underway } from './underway.ts';

const kernels: Readonly<Record<string, CpuKernel<Operation>>> = cpuKernels;

/** What the CPU's kernel of an operation can read and overwrite. */
export function traitsOf(op: string): KernelTraits {
  return kernels[op] ?? {};
}

const opcodes = new Map(Object.keys(signatures).map((kernel, opcode) => [kernel, opcode]));

/** What kernels run on. */
export type Machine = Pick<CpuTape, 'threads' | 'panelColumns' | 'blas'>;

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
  const underway = new Underway();
  let calls = 0; // of the instruction
  const tape: CpuTape = {
    threads,
    panelColumns,
    blas,
    emit(kernel, args, pieces = 0) {
      const share = Math.max(1, Math.min(MAX_SHARE, Math.floor(pieces / threads)));
      const [opcode, count, ...values] = encode(kernel, args);
      words.push(opcode!, count!, share, calls++ > 0 ? 1 : 0, ...values);
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
    const at = words.length;
    marks.push(at);
    [used, calls] = [0, 0];
    const [reads, writes] = [inputs.map(locate), outputs.map(locate)];
    kernel.lower(tape, reads, writes, attributes);
    if (calls === 0) continue;
    const touched = { reads, writes, scratch: used > 0 };
    if (underway.disturbs(touched)) words[at + WAITS] = 1;
    // The later calls of an instruction wait for all before.
    if (words[at + WAITS] === 1 || calls > 1) underway.clear();
    underway.add(touched);
  }
  return { words, marks, scratchBytes };
}

/** Where the head of a call says whether it waits for all before: see `tape.wasm.ts`. */
const WAITS = 3;
/** Pieces of a call for each thread at most. */
const MAX_SHARE = 8;

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
