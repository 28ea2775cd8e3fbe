import { NanobardError } from '../../errors.ts';
import type { CpuView } from '../../ops/shared/kernel.ts';
import type { PlacedProgram, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, sizeOf, type TypedArray, typedArray, type Variable } from '../../tensor/index.ts';
import type { Executable } from '../device.ts';
import { lower, type Machine } from './lower.ts';
import type { Content, Region, Run, Runner, Soon } from './runner.ts';

/** Where a program's parts lie in memory. */
export interface Layout {
  /** With the values for the next run, where the caller cannot write them to memory. */
  readonly inputs: ReadonlyMap<string, Content>;
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
  machine: Machine,
): Layout {
  const contentOf = (values: TypedArray): Content => {
    const address = allocate(values.byteLength);
    const dtype = values instanceof Float32Array ? 'f32' : 'i32';
    return { region: { address, length: values.length, dtype }, values };
  };
  const arena = allocate(program.arenaBytes);
  const inputs = program.inputs.map(({ dtype, shape }) => contentOf(typedArray(dtype, sizeOf(shape))));
  const contents: Content[] = [];
  const buffers = program.buffers.map((buffer, i) => {
    if (buffer.kind === 'variable') return variables[buffer.index]!;
    if (buffer.kind === 'input') return inputs[buffer.index]!.region.address;
    if (buffer.kind === 'temporary') return arena + (program.offsets.get(i) ?? 0);
    contents.push(contentOf(buffer.data));
    return contents.at(-1)!.region.address;
  });
  const locate = (view: View): CpuView => ({
    ...view,
    address: buffers[view.buffer]! + BYTES_PER_ELEMENT * view.offset,
  });
  // Lowered twice: the first pass only finds out how much scratch memory the kernels want.
  const { scratchBytes } = lower(program, locate, 0, machine);
  const scratch = scratchBytes > 0 ? allocate(scratchBytes) : 0;
  const { words, marks } = lower(program, locate, scratch, machine);
  const tape = contentOf(Int32Array.from(words));
  return {
    inputs: new Map(program.inputs.map(({ name }, i) => [name, inputs[i]!])),
    outputs: new Map(
      program.outputs.map(({ name, view }) => {
        const { address, dtype, shape } = locate(view);
        return [name, { address, dtype, length: sizeOf(shape) }];
      }),
    ),
    marks: [...marks, words.length].map((mark) => tape.region.address + BYTES_PER_ELEMENT * mark),
    contents: [...contents, tape],
  };
}

/** From memory out of reach, outputs of at most so many values come back with each run; others when asked for. */
const SMALL = 1024;

/** A program on a tape in WebAssembly memory. */
export class CpuExecutable implements Executable {
  readonly program: PlacedProgram;
  readonly pause?: NonNullable<Executable['pause']>;
  private readonly variables: readonly Variable[];
  private readonly layout: Layout;
  private readonly runner: Runner;
  private free: (() => void) | undefined;
  private tape: Run;
  /** What came back from the last run. */
  private readonly returned = new Map<Region, TypedArray>();

  constructor(
    program: PlacedProgram,
    variables: readonly Variable[],
    layout: Layout,
    { runner, threads, free }: { runner: Runner; threads: number; free: () => void },
  ) {
    this.program = program;
    this.variables = variables;
    this.layout = layout;
    this.runner = runner;
    this.free = free;
    const { marks, inputs, outputs } = layout;
    const walk = { begin: marks[0]!, end: marks.at(-1)!, threads };
    const small = [...outputs.values()].filter(({ length }) => length <= SMALL);
    this.tape = runner.view
      ? { ...walk, writes: [], reads: [] }
      : { ...walk, writes: [...inputs.values()], reads: small };
    if (runner.view) this.pause = (call) => this.stopFor(call);
  }

  input(name: string): TypedArray {
    const { region, values } = this.find(this.layout.inputs, 'input', name);
    return this.runner.view?.(region) ?? values;
  }

  run(): Promise<void> | void {
    this.check();
    this.returned.clear();
    const values = this.runner.run(this.tape);
    if (values instanceof Promise) return values.then((later) => this.keep(later));
    this.keep(values);
  }

  private stopFor(call: (completed: readonly Variable[]) => void): void {
    const completed = this.completed();
    const stops = completed.map((variables, i) => ({
      at: this.layout.marks[i + 1]!,
      call: () => call(variables),
    }));
    this.tape = { ...this.tape, stops: stops.slice(completed.findIndex(({ length }) => length > 0)) };
  }

  /** By instruction, the variables that have been written and are touched by none that follows. */
  private completed(): Variable[][] {
    const { instructions, buffers } = this.program;
    const completed = instructions.map((): Variable[] => []);
    for (const [index, buffer] of buffers.entries()) {
      if (buffer.kind !== 'variable') continue;
      const here = (view: View): boolean => view.buffer === index;
      const last = instructions.findLastIndex(({ inputs, outputs }) => [...inputs, ...outputs].some(here));
      if (instructions.some(({ outputs }) => outputs.some(here)))
        completed[last]!.push(this.variables[buffer.index]!);
    }
    return completed;
  }

  async profile(): Promise<readonly number[]> {
    this.check();
    this.returned.clear();
    return this.runner.profile(this.tape, this.layout.marks.slice(0, -1));
  }

  read(name: string): Soon<TypedArray> {
    const region = this.find(this.layout.outputs, 'output', name);
    return this.runner.view?.(region) ?? this.returned.get(region) ?? this.runner.read(region);
  }

  dispose(): void {
    this.free?.();
    this.free = undefined;
  }

  private keep(values: readonly TypedArray[]): void {
    for (let i = 0; i < values.length; i++) this.returned.set(this.tape.reads[i]!, values[i]!);
  }

  private find<T>(parts: ReadonlyMap<string, T>, kind: string, name: string): T {
    this.check();
    const part = parts.get(name);
    if (!part) throw new NanobardError('argument', `the program has no ${kind} ${name}`);
    return part;
  }

  /** What a disposed program's memory holds may be anything by now. */
  private check(): void {
    if (!this.free)
      throw new NanobardError('device', 'the program was disposed of and cannot be used any more');
    if (this.runner.stopped) throw this.runner.stopped;
  }
}
