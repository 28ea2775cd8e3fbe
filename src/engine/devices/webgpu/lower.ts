import { NanobardError } from '../../errors.ts';
import { webgpuKernels } from '../../ops/kernels.webgpu.generated.ts';
import type { KernelTraits } from '../../ops/shared/kernel.ts';
import { type ProductShape, usualTile } from '../../ops/shared/tile.ts';
import { type GpuView, gpuType, type WebGpuKernel, type WebGpuTape } from '../../ops/shared/webgpu.ts';
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
  /** By instruction; those of several that are computed together are the first's. */
  readonly dispatches: readonly (readonly LabelledDispatch[])[];
  /** What kernels keep between their dispatches. */
  readonly scratch: Bank;
  /** What they look up, and where in the bank `tables` it belongs. */
  readonly tables: Bank;
  readonly contents: readonly { readonly offset: number; readonly values: TypedArray }[];
}

/** What kernels depend on beside the program. */
export interface Target extends Pick<WebGpuTape, 'tileFor'> {
  readonly software: boolean;
  /** Threads that a subgroup has at most; 0 where there are none. */
  readonly subgroup: number;
}

/** Lowers a program whose views `locate` finds. */
export function lower(
  program: PlacedProgram,
  locate: (view: View) => GpuView,
  { software, subgroup, tileFor }: Target,
): Lowered {
  const scratch = new Bank();
  const tables = new Bank();
  const contents: { offset: number; values: TypedArray }[] = [];
  const known = new Map<string, number>();
  let dispatches: LabelledDispatch[] = [];
  let used = new Bank();
  const viewOf = (bank: Bank, offset: number, length: number, dtype: 'f32' | 'i32'): GpuView => ({
    ...{ bank, offset: offset / BYTES_PER_ELEMENT, dtype },
    ...{ shape: [length], strides: [1] },
  });
  const tape: WebGpuTape = {
    emit(kernel, dispatch) {
      if (dispatch.groups > 0) dispatches.push({ label: kernel, ...assemble(kernel, dispatch, subgroup) });
    },
    scratch(words) {
      const offset = used.allocate(BYTES_PER_ELEMENT * words);
      scratch.bytes = Math.max(scratch.bytes, used.bytes);
      return viewOf(scratch, offset, words, 'f32');
    },
    table(values) {
      const key = values.join();
      let offset = known.get(key);
      if (offset === undefined) {
        offset = tables.allocate(values.byteLength);
        known.set(key, offset);
        contents.push({ offset, values });
      }
      return viewOf(tables, offset, values.length, 'i32');
    },
    rowThreads: rowThreads(software),
    tileFor,
  };
  const byInstruction: LabelledDispatch[][] = program.instructions.map(() => []);
  for (const run of runsOf(program)) {
    dispatches = byInstruction[run[0]!]!;
    used = new Bank();
    lowerRun(program, run, tape, locate);
  }
  return { dispatches: byInstruction, scratch, tables, contents };
}

/** The matrix products that a program's kernels will ask tiles for. */
export function productsOf(program: PlacedProgram, software: boolean): ProductShape[] {
  const products: ProductShape[] = [];
  const bank = new Bank();
  const nowhere = (length: number): GpuView => ({
    ...{ bank, offset: 0, dtype: 'f32', shape: [length], strides: [1] },
  });
  const tape: WebGpuTape = {
    emit: () => {},
    scratch: nowhere,
    table: ({ length }) => nowhere(length),
    rowThreads: rowThreads(software),
    tileFor(product) {
      products.push(product);
      return usualTile(product, { software });
    },
  };
  for (const run of runsOf(program))
    lowerRun(program, run, tape, (view) => ({ ...view, dtype: gpuType(view.dtype), bank }));
  return products;
}

/**
 * The instructions in their order, by index, those together that a kernel computes together: new values of variables,
 * none of which another of them reads. (Temporaries may share memory, so that their order must stay.)
 */
function runsOf({ instructions, buffers }: PlacedProgram): number[][] {
  const runs: number[][] = [];
  let read = new Set<number>();
  let written = new Set<number>();
  for (const [at, { op, inputs, outputs }] of instructions.entries()) {
    const run = runs.at(-1);
    const joins =
      run !== undefined &&
      instructions[run[0]!]!.op === op &&
      kernelOf(op).lowerAll !== undefined &&
      inputs.every(({ buffer }) => !written.has(buffer)) &&
      outputs.every(({ buffer }) => buffers[buffer]!.kind === 'variable' && !read.has(buffer));
    if (joins) run.push(at);
    else {
      runs.push([at]);
      read = new Set();
      written = new Set();
    }
    for (const { buffer } of inputs) read.add(buffer);
    for (const { buffer } of outputs) written.add(buffer);
  }
  return runs;
}

function lowerRun(
  { instructions }: PlacedProgram,
  run: readonly number[],
  tape: WebGpuTape,
  locate: (view: View) => GpuView,
): void {
  const calls = run.map((at) => {
    const { inputs, outputs, attributes } = instructions[at]!;
    return { inputs: inputs.map(locate), outputs: outputs.map(locate), attributes };
  });
  const [{ inputs, outputs, attributes }] = calls as [(typeof calls)[number]];
  const kernel = kernelOf(instructions[run[0]!]!.op);
  if (calls.length > 1) kernel.lowerAll!(tape, calls);
  else kernel.lower(tape, inputs, outputs, attributes);
}

function kernelOf(op: string): WebGpuKernel<Operation> {
  const kernel = kernels[op];
  if (!kernel) throw new NanobardError('internal', `webgpu device: no operation ${op}`);
  return kernel;
}

/** Threads of software adapters take turns at every barrier: fewer are faster there. */
const rowThreads =
  (software: boolean) =>
  (width: number): number =>
    software ? 16 : Math.min(256, Math.max(32, 2 ** Math.ceil(Math.log2(width / 2))));
