import { NanobardError } from '../../errors.ts';
import { webgpuKernels } from '../../ops/kernels.webgpu.generated.ts';
import type { KernelTraits } from '../../ops/shared/kernel.ts';
import type { GpuView, WebGpuKernel, WebGpuTape } from '../../ops/shared/webgpu.ts';
import type { PlacedProgram, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, type Operation, type TypedArray } from '../../tensor/index.ts';
import { Bank } from './banks.ts';
import { type Assembled, assemble } from './source.ts';

const kernels: Readonly<Record<string, WebGpuKernel<Operation>>> = webgpuKernels;

/** What the GPU's kernel of an operation can read and overwrite. */
export function traitsOf(op: string): KernelTraits {
  return kernels[op] ?? {};
}

/** A dispatch, and whose. */
export interface LabelledDispatch extends Assembled {
  readonly label: string;
}

/** The dispatches of a program. */
export interface Lowered {
  /** By instruction. */
  readonly dispatches: readonly (readonly LabelledDispatch[])[];
  /** What kernels keep between their dispatches. */
  readonly scratch: Bank;
  /** What they look up, and where in the bank `tables` it belongs. */
  readonly tables: Bank;
  readonly contents: readonly { readonly offset: number; readonly values: TypedArray }[];
}

/** Lowers a program whose views `locate` finds. */
export function lower(
  program: PlacedProgram,
  locate: (view: View) => GpuView,
  { software }: { readonly software: boolean },
): Lowered {
  const scratch = new Bank();
  const tables = new Bank();
  const contents: { offset: number; values: TypedArray }[] = [];
  let dispatches: LabelledDispatch[] = [];
  let used = new Bank();
  const viewOf = (bank: Bank, offset: number, length: number, dtype: 'f32' | 'i32'): GpuView => ({
    ...{ bank, offset: offset / BYTES_PER_ELEMENT, dtype },
    ...{ shape: [length], strides: [1] },
  });
  const tape: WebGpuTape = {
    emit(kernel, dispatch) {
      if (dispatch.groups > 0) dispatches.push({ label: kernel, ...assemble(kernel, dispatch) });
    },
    scratch(words) {
      const offset = used.allocate(BYTES_PER_ELEMENT * words);
      scratch.bytes = Math.max(scratch.bytes, used.bytes);
      return viewOf(scratch, offset, words, 'f32');
    },
    table(values) {
      const known = contents.find((content) => content.values.join() === values.join());
      const offset = known?.offset ?? tables.allocate(values.byteLength);
      if (!known) contents.push({ offset, values });
      return viewOf(tables, offset, values.length, 'i32');
    },
    // Threads of software adapters take turns at every barrier: fewer are faster there.
    rowThreads: (width) =>
      software ? 16 : Math.min(256, Math.max(32, 2 ** Math.ceil(Math.log2(width / 2)))),
    largestTile: software ? 32 : 64,
  };
  const byInstruction = program.instructions.map(({ op, inputs, outputs, attributes }) => {
    const kernel = kernels[op];
    if (!kernel) throw new NanobardError('internal', `webgpu device: no operation ${op}`);
    dispatches = [];
    used = new Bank();
    kernel.lower(tape, inputs.map(locate), outputs.map(locate), attributes);
    return dispatches;
  });
  return { dispatches: byInstruction, scratch, tables, contents };
}
