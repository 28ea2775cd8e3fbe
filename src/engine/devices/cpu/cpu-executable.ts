import { NanobardError } from '../../errors.ts';
import type { CpuTape, CpuView } from '../../ops/shared/kernel.ts';
import type { Program, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, type DType, type TypedArray, typedArray } from '../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Variable } from '../../tensor/tensor.ts';
import type { Executable } from '../device.ts';
import { lower } from './lower.ts';
import type { Content, Region, Run, Runner, RunResult, Soon } from './runner.ts';

/** Where a program's parts lie in memory. */
export interface Layout {
  readonly inputs: ReadonlyMap<string, Region>;
  readonly outputs: ReadonlyMap<string, Region>;
  /** Where on the tape each instruction begins, then where the tape ends. */
  readonly marks: readonly number[];
  /** What must be in memory before the first run: constants and the tape. */
  readonly contents: readonly Content[];
}

/** Lays a program out and lowers it to a tape. Nothing is written yet. */
export function layOut(
  program: Program,
  addressOf: (variable: Variable) => number,
  allocate: (bytes: number) => number,
  machine: Pick<CpuTape, 'threads' | 'panelColumns' | 'blas'>,
): Layout {
  const region = (dtype: DType, shape: Shape, address?: number): Region => {
    const length = sizeOf(shape);
    return { address: address ?? allocate(BYTES_PER_ELEMENT * length), length, dtype };
  };
  const arena = allocate(program.arenaBytes);
  const inputs = program.inputs.map(({ dtype, shape }) => region(dtype, shape));
  const contents: Content[] = [];
  const buffers = program.buffers.map((buffer) => {
    if (buffer.kind === 'variable') return addressOf(program.variables[buffer.index]!);
    if (buffer.kind === 'input') return inputs[buffer.index]!.address;
    if (buffer.kind === 'arena') return arena + buffer.offset;
    const dtype = buffer.data instanceof Float32Array ? 'f32' : 'i32';
    const place = region(dtype, [buffer.data.length]);
    contents.push({ region: place, values: buffer.data });
    return place.address;
  });
  const locate = (view: View): CpuView => ({
    ...view,
    address: buffers[view.buffer]! + BYTES_PER_ELEMENT * view.offset,
  });
  // Lowered twice: the first pass only finds out how much scratch memory the kernels want.
  const { scratchBytes } = lower(program, locate, 0, machine);
  const scratch = scratchBytes > 0 ? allocate(scratchBytes) : 0;
  const { words, marks } = lower(program, locate, scratch, machine);
  const tape = region('i32', [words.length]);
  contents.push({ region: tape, values: Int32Array.from(words) });
  return {
    inputs: new Map(program.inputs.map(({ name }, i) => [name, inputs[i]!])),
    outputs: new Map(
      program.outputs.map(({ name, view }) => [name, region(view.dtype, view.shape, locate(view).address)]),
    ),
    marks: [...marks, words.length].map((mark) => tape.address + BYTES_PER_ELEMENT * mark),
    contents,
  };
}

/** Outputs of at most so many values come back with the answer to a run, where memory is out of reach. */
const SMALL = 1024;

/** A program on a tape in WebAssembly memory. */
export class CpuExecutable implements Executable {
  readonly program: Program;
  private readonly layout: Layout;
  private readonly runner: Runner;
  private free: (() => void) | undefined;
  private readonly whole: Run;
  /** Where memory is out of reach: what the caller wrote for the next run, and what came back from the last. */
  private readonly written = new Map<string, TypedArray>();
  private readonly returned = new Map<string, TypedArray>();

  constructor(
    program: Program,
    layout: Layout,
    { runner, threads, free }: { runner: Runner; threads: number; free: () => void },
  ) {
    this.program = program;
    this.layout = layout;
    this.runner = runner;
    this.free = free;
    this.whole = { begin: layout.marks[0]!, ends: [layout.marks.at(-1)!], threads, writes: [], reads: [] };
  }

  input(name: string): TypedArray {
    const region = this.find('input', name);
    const memory = this.runner.view(region) ?? this.written.get(name);
    if (memory) return memory;
    const values = typedArray(region.dtype, region.length);
    this.written.set(name, values);
    return values;
  }

  run(): Promise<void> | void {
    const result = this.walk(this.whole);
    if (result instanceof Promise) return result.then(() => {});
  }

  async profile(): Promise<readonly number[]> {
    return (await this.walk({ ...this.whole, ends: this.layout.marks.slice(1) })).milliseconds;
  }

  async read(name: string): Promise<TypedArray> {
    const region = this.find('output', name);
    return this.runner.view(region) ?? this.returned.get(name) ?? this.runner.read(region);
  }

  dispose(): void {
    this.free?.();
    this.free = undefined;
  }

  private walk(run: Run): Soon<RunResult> {
    this.check();
    if (!this.runner.remote) return this.runner.run(run);
    const { inputs, outputs } = this.layout;
    const writes = [...this.written].map(([name, values]) => ({ region: inputs.get(name)!, values }));
    const small = [...outputs].filter(([, { length }]) => length <= SMALL);
    this.returned.clear();
    const result = this.runner.run({ ...run, writes, reads: small.map(([, region]) => region) });
    return Promise.resolve(result).then((result) => {
      small.forEach(([name], i) => {
        this.returned.set(name, result.values[i]!);
      });
      return result;
    });
  }

  private find(kind: 'input' | 'output', name: string): Region {
    this.check();
    const region = this.layout[`${kind}s`].get(name);
    if (!region) throw new NanobardError('argument', `the program has no ${kind} ${name}`);
    return region;
  }

  /** What a disposed program's memory holds may be anything by now. */
  private check(): void {
    if (!this.free)
      throw new NanobardError('device', 'the program was disposed of and cannot be used any more');
  }
}
