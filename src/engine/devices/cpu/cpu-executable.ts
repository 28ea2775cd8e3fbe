import { NanobardError } from '../../errors.ts';
import type { CpuTape, CpuView } from '../../ops/shared/kernel.ts';
import type { PlacedProgram, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, type DType, type TypedArray, typedArray } from '../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Executable } from '../device.ts';
import { lower } from './lower.ts';
import { type Content, type Region, type Run, type Runner, type Soon, viewOf } from './runner.ts';

/** Where a program's parts lie in memory. */
export interface Layout {
  readonly inputs: ReadonlyMap<string, Region>;
  readonly outputs: ReadonlyMap<string, Region>;
  /** Where on the tape each instruction begins, then where the tape ends. */
  readonly marks: readonly number[];
  /** What must be in memory before the first run: constants and the tape. */
  readonly contents: readonly Content[];
}

/** Finds places for all that a program needs, and lowers it to a tape. Nothing is written yet. */
export function assemble(
  program: PlacedProgram,
  variables: readonly number[],
  allocate: (bytes: number) => number,
  machine: Pick<CpuTape, 'panelColumns' | 'blas'> & { readonly threads: number },
): Layout {
  const region = (dtype: DType, shape: Shape, address?: number): Region => {
    const length = sizeOf(shape);
    return { address: address ?? allocate(BYTES_PER_ELEMENT * length), length, dtype };
  };
  const arena = allocate(program.arenaBytes);
  const inputs = program.inputs.map(({ dtype, shape }) => region(dtype, shape));
  const contents: Content[] = [];
  const buffers = program.buffers.map((buffer) => {
    if (buffer.kind === 'variable') return variables[buffer.index]!;
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
  readonly program: PlacedProgram;
  private readonly layout: Layout;
  private readonly runner: Runner;
  private free: (() => void) | undefined;
  private readonly tape: Run;
  /** Whether the caller's thread sees the memory. */
  private readonly reachable: boolean;
  /** Inputs and outputs as the caller sees them. */
  private readonly views = new Map<Region, TypedArray>();
  /** Where memory is out of reach: what the caller wrote for the next run, and what came back from the last. */
  private readonly written = new Map<string, TypedArray>();
  private readonly returned = new Map<string, TypedArray>();

  constructor(
    program: PlacedProgram,
    layout: Layout,
    { runner, threads, free }: { runner: Runner; threads: number; free: () => void },
  ) {
    this.program = program;
    this.layout = layout;
    this.runner = runner;
    this.free = free;
    this.reachable = runner.buffer !== undefined;
    const { marks } = layout;
    this.tape = { begin: marks[0]!, end: marks.at(-1)!, threads, writes: [], reads: [] };
  }

  input(name: string): TypedArray {
    const region = this.find(this.layout.inputs, 'input', name);
    const memory = this.view(region) ?? this.written.get(name);
    if (memory) return memory;
    const values = typedArray(region.dtype, region.length);
    this.written.set(name, values);
    return values;
  }

  run(): Promise<void> | void {
    this.check();
    if (this.reachable) {
      this.runner.run(this.tape);
      return;
    }
    this.returned.clear();
    const small = [...this.layout.outputs].filter(([, { length }]) => length <= SMALL);
    const run = { ...this.tape, writes: this.writes(), reads: small.map(([, region]) => region) };
    return Promise.resolve(this.runner.run(run)).then((values) => {
      small.forEach(([name], i) => {
        this.returned.set(name, values[i]!);
      });
    });
  }

  async profile(): Promise<readonly number[]> {
    this.check();
    this.returned.clear();
    return this.runner.profile({ ...this.tape, writes: this.writes() }, this.layout.marks.slice(0, -1));
  }

  read(name: string): Soon<TypedArray> {
    const region = this.find(this.layout.outputs, 'output', name);
    return this.view(region) ?? this.returned.get(name) ?? this.runner.read(region);
  }

  dispose(): void {
    this.free?.();
    this.free = undefined;
    this.views.clear();
  }

  private writes(): Content[] {
    const { inputs } = this.layout;
    return [...this.written].map(([name, values]) => ({ region: inputs.get(name)!, values }));
  }

  private view(region: Region): TypedArray | undefined {
    const known = this.views.get(region);
    // Memory that is not shared moves when it grows: then nothing is left of a view.
    if (known?.length === region.length) return known;
    const { buffer } = this.runner;
    if (!buffer) return undefined;
    const view = viewOf(buffer, region);
    this.views.set(region, view);
    return view;
  }

  private find(regions: ReadonlyMap<string, Region>, kind: string, name: string): Region {
    this.check();
    const region = regions.get(name);
    if (!region) throw new NanobardError('argument', `the program has no ${kind} ${name}`);
    return region;
  }

  /** What a disposed program's memory holds may be anything by now. */
  private check(): void {
    if (!this.free)
      throw new NanobardError('device', 'the program was disposed of and cannot be used any more');
    if (this.runner.stopped) throw this.runner.stopped;
  }
}
