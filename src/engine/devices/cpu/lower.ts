import { NanobardError } from '../../errors.ts';
import { cpuKernels } from '../../ops/kernels.cpu.generated.ts';
import { opcodes } from '../../ops/opcodes.generated.ts';
import type { CpuLowering, CpuTape, CpuView } from '../../ops/shared/kernel.ts';
import type { Program, View } from '../../program/program.ts';

const kernels: Readonly<Record<string, CpuLowering>> = cpuKernels;

/** The tape of a program: kernel calls as 32-bit words, and where each instruction begins. */
export function lower(
  program: Program,
  locate: (view: View) => CpuView,
  scratch: number,
  { threads, panelColumns, blas }: Pick<CpuTape, 'threads' | 'panelColumns' | 'blas'>,
): { words: number[]; marks: number[]; scratchBytes: number } {
  const words: number[] = [];
  const marks: number[] = [];
  let used = 0;
  let scratchBytes = 0;
  const tape: CpuTape = {
    threads,
    panelColumns,
    blas,
    emit(kernel, ...args) {
      words.push(opcodes[kernel], args.length, ...args);
    },
    scratch(bytes) {
      const address = scratch + used;
      used += Math.ceil(bytes / 64) * 64;
      scratchBytes = Math.max(scratchBytes, used);
      return address;
    },
  };
  for (const { op, inputs, outputs, attributes } of program.instructions) {
    const kernel = kernels[op];
    if (!kernel) throw new NanobardError('internal', `cpu device: no operation ${op}`);
    used = 0;
    marks.push(words.length);
    kernel(tape, inputs.map(locate), outputs.map(locate), attributes);
  }
  return { words, marks, scratchBytes };
}
