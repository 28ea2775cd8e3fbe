import type { KernelTraits } from '../ops/shared/kernel.ts';
import { contiguousOperation } from '../ops/views/views.ts';
import { BYTES_PER_ELEMENT } from '../tensor/dtype.ts';
import { isContiguous } from '../tensor/layout.ts';
import { sizeOf, stridesOf } from '../tensor/shape.ts';
import { type Lifetime, planMemory } from './plan-memory.ts';
import type { Instruction, PlacedBuffer, PlacedProgram, Program, ProgramBuffer, View } from './program.ts';
import { schedule, type TraitsOf } from './schedule.ts';

/**
 * Lays a program out for a device whose kernels have these traits: inserts the copies of views that they cannot read,
 * lets new values of variables be computed in place where they can, and plans one arena by lifetime.
 */
export function layOut(program: Program, traitsOf: TraitsOf): PlacedProgram {
  return new Layouter(program, traitsOf).layOut();
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

class Layouter {
  private readonly program: Program;
  private readonly traitsOf: TraitsOf;
  private readonly buffers: ProgramBuffer[];
  private readonly inPlace: ReadonlyMap<number, number>;
  private readonly order: readonly number[];
  private readonly instructions: Instruction[] = [];
  /** Row-major copies, by the view that they are of. */
  private readonly copies = new Map<string, View>();

  constructor(program: Program, traitsOf: TraitsOf) {
    this.program = program;
    this.traitsOf = traitsOf;
    this.buffers = [...program.buffers];
    const { order, inPlace } = schedule(program, traitsOf);
    this.order = order;
    this.inPlace = inPlace;
  }

  layOut(): PlacedProgram {
    const { instructions, assign, outputs, variables, inputs } = this.program;
    for (const at of this.order) this.emit(instructions[at]!);
    // Values that were not computed in place are copied to their variables at the end; before that, whatever shows
    // the old contents is copied out.
    const targets = assign.map(({ variable }) => this.variableView(variable));
    const copied = assign.flatMap(({ view }, i) => {
      const to = targets[i]!;
      return this.inPlace.get(view.buffer) === to.buffer ? [] : [{ from: view, to }];
    });
    const overwritten = new Set(copied.map(({ to }) => to.buffer));
    const results = outputs.map(({ name, view }) => {
      const apart = this.apart(view, overwritten);
      return { name, view: this.place(isContiguous(apart) ? apart : this.dense(view)) };
    });
    const values = copied.map(({ from }) => this.apart(from, overwritten));
    copied.forEach(({ to }, i) => void this.copy(values[i]!, to));
    const { buffers, arenaBytes } = this.plan(results.map(({ view }) => view));
    return {
      instructions: this.instructions,
      buffers,
      variables,
      inputs,
      outputs: results,
      arenaBytes,
      flops: this.instructions.reduce((sum, { flops }) => sum + flops, 0),
    };
  }

  private emit(instruction: Instruction): void {
    const { op, inputs, outputs } = instruction;
    const traits = this.traitsOf(op);
    const operands = inputs.map((view, i) => this.place(reads(traits, i, view) ? view : this.dense(view)));
    const results = outputs.map((view) => this.place(view));
    this.instructions.push({ ...instruction, inputs: operands, outputs: results });
    const [from, to] = [inputs[0], outputs[0]];
    if (op === contiguousOperation.name && from && to) this.copies.set(JSON.stringify(from), to);
  }

  /** The view in the memory where the buffer really lies. */
  private place(view: View): View {
    return { ...view, buffer: this.inPlace.get(view.buffer) ?? view.buffer };
  }

  /** A row-major copy of the view, made once. */
  private dense(view: View): View {
    const key = JSON.stringify(view);
    const copy = this.copies.get(key) ?? this.copy(view);
    this.copies.set(key, copy);
    return copy;
  }

  /** A view of the same values that lies in none of the `overwritten` buffers. */
  private apart(view: View, overwritten: ReadonlySet<number>): View {
    return overwritten.has(this.place(view).buffer) ? this.copy(view) : view;
  }

  private copy(from: View, to = this.temporary(from)): View {
    const { name: op } = contiguousOperation;
    const flops = sizeOf(to.shape);
    this.instructions.push({ op, inputs: [this.place(from)], outputs: [to], attributes: {}, flops });
    return to;
  }

  private temporary({ dtype, shape }: View): View {
    const bytes = BYTES_PER_ELEMENT * sizeOf(shape);
    const buffer = this.buffers.push({ kind: 'temporary', bytes }) - 1;
    return { buffer, dtype, shape, strides: stridesOf(shape), offset: 0 };
  }

  private variableView(index: number): View {
    const { dtype, shape } = this.program.variables[index]!;
    const buffer = this.buffers.findIndex((known) => known.kind === 'variable' && known.index === index);
    return { buffer, dtype, shape, strides: stridesOf(shape), offset: 0 };
  }

  /** Gives temporaries their places: one arena, shared by lifetime. */
  private plan(results: readonly View[]): { buffers: PlacedBuffer[]; arenaBytes: number } {
    const spans = new Map<number, { readonly first: number; last: number }>();
    const use = ({ buffer }: View, at: number): void => {
      const span = spans.get(buffer);
      if (span) span.last = at;
      else spans.set(buffer, { first: at, last: at });
    };
    this.instructions.forEach(({ inputs, outputs }, at) => {
      for (const view of [...inputs, ...outputs]) use(view, at);
    });
    for (const view of results) use(view, this.instructions.length);
    const lifetimes = new Map<number, Lifetime>();
    for (const [index, span] of spans) {
      const buffer = this.buffers[index];
      if (buffer?.kind === 'temporary') lifetimes.set(index, { bytes: buffer.bytes, ...span });
    }
    const { offsets, bytes } = planMemory([...lifetimes.values()]);
    const places = new Map([...lifetimes.keys()].map((index, i) => [index, offsets[i]!]));
    // A temporary that is not used lives in place of a variable: it takes no memory.
    const buffers = this.buffers.map((buffer, index): PlacedBuffer => {
      if (buffer.kind !== 'temporary') return buffer;
      const offset = places.get(index);
      return { kind: 'arena', offset: offset ?? 0, bytes: offset === undefined ? 0 : buffer.bytes };
    });
    return { buffers, arenaBytes: bytes };
  }
}
