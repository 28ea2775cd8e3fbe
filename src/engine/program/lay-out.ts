import type { KernelTraits } from '../ops/shared/kernel.ts';
import { contiguousOperation } from '../ops/views/views.ts';
import { isContiguous } from '../tensor/layout.ts';
import { type Lifetime, planMemory } from './plan-memory.ts';
import type { Instruction, PlacedProgram, Program, ProgramBuffer, View } from './program.ts';
import { ProgramWriter } from './program-writer.ts';
import { schedule, type TraitsOf } from './schedule.ts';

/**
 * Lays a program out for a device whose kernels have these traits: inserts the copies of views that they cannot read,
 * lets new values of variables be computed in place where they can, and plans one arena by lifetime, cut into banks
 * where `bankBytes` says so: see `planMemory`.
 */
export function layOut(program: Program, traitsOf: TraitsOf, bankBytes?: number): PlacedProgram {
  const { order, inPlace } = schedule(program, traitsOf);
  const writer = new Layouter(program.buffers, inPlace);
  for (const at of order) {
    const instruction = program.instructions[at]!;
    writer.emit(instruction, traitsOf(instruction.op));
  }
  // Values that were not computed in place are copied to their variables at the end; before that, whatever shows
  // the old contents is copied out.
  const copied = program.assign.filter(({ from, to }) => inPlace.get(from.buffer) !== to.buffer);
  const overwritten = new Set(copied.map(({ to }) => to.buffer));
  const outputs = program.outputs.map(({ name, view }) => {
    const apart = writer.apart(view, overwritten);
    return { name, view: writer.place(isContiguous(apart) ? apart : writer.dense(view)) };
  });
  const values = copied.map(({ from }) => writer.apart(from, overwritten));
  copied.forEach(({ to }, i) => void writer.copy(values[i]!, to));
  const { variables, inputs } = program;
  const { instructions, buffers, flops } = writer;
  const views = outputs.map(({ view }) => view);
  return {
    instructions,
    buffers,
    variables,
    inputs,
    outputs,
    flops,
    ...planArena(instructions, buffers, views, bankBytes),
  };
}

/** Whether a kernel reads operand `i` as it lies. */
function reads({ strided = [], stridedRows = [] }: KernelTraits, i: number, view: View): boolean {
  return (
    isContiguous(view) ||
    strided === 'all' ||
    strided.includes(i) ||
    (stridedRows.includes(i) && view.strides.at(-1) === 1)
  );
}

class Layouter extends ProgramWriter {
  private readonly inPlace: ReadonlyMap<number, number>;

  constructor(buffers: readonly ProgramBuffer[], inPlace: ReadonlyMap<number, number>) {
    super(buffers);
    this.inPlace = inPlace;
  }

  emit(instruction: Instruction, traits: KernelTraits): void {
    const { op, inputs, outputs } = instruction;
    const operands = inputs.map((view, i) => this.place(reads(traits, i, view) ? view : this.dense(view)));
    const results = outputs.map((view) => this.place(view));
    this.instructions.push({ ...instruction, inputs: operands, outputs: results });
    if (op === contiguousOperation.name) this.remember(inputs[0]!, outputs[0]!);
  }

  /** The view in the memory where the buffer really lies. */
  place(view: View): View {
    return { ...view, buffer: this.inPlace.get(view.buffer) ?? view.buffer };
  }

  /** A view of the same values that lies in none of the `overwritten` buffers. */
  apart(view: View, overwritten: ReadonlySet<number>): View {
    return overwritten.has(this.place(view).buffer) ? this.copy(view) : view;
  }

  override copy(from: View, to?: View): View {
    return super.copy(this.place(from), to);
  }
}

/** Gives temporaries their places: one arena, shared by lifetime. */
function planArena(
  instructions: readonly Instruction[],
  buffers: readonly ProgramBuffer[],
  results: readonly View[],
  bankBytes?: number,
): Pick<PlacedProgram, 'arenaBytes' | 'offsets'> {
  const lifetimes = new Map<number, Lifetime>();
  const use = ({ buffer: index }: View, at: number): void => {
    const buffer = buffers[index]!;
    if (buffer.kind !== 'temporary') return;
    lifetimes.set(index, { bytes: buffer.bytes, first: lifetimes.get(index)?.first ?? at, last: at });
  };
  for (const [at, { inputs, outputs }] of instructions.entries())
    for (const view of [...inputs, ...outputs]) use(view, at);
  for (const view of results) use(view, instructions.length);
  const { offsets, bytes } = planMemory([...lifetimes.values()], bankBytes);
  return {
    arenaBytes: bytes,
    offsets: new Map([...lifetimes.keys()].map((index, i) => [index, offsets[i]!])),
  };
}
