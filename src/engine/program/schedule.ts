import { NanobardError } from '../errors.ts';
import type { KernelTraits } from '../ops/shared/kernel.ts';
import { isContiguous, sizeOf } from '../tensor/index.ts';
import type { Program, View } from './program.ts';

/** What a device's kernels can read and overwrite, by operation. */
export type TraitsOf = (op: string) => KernelTraits;

export interface Schedule {
  /** Indices of the program's instructions, each after what it depends on. */
  readonly order: readonly number[];
  /** Temporaries that live in a variable's memory instead, since they are its new value: buffer → buffer. */
  readonly inPlace: ReadonlyMap<number, number>;
}

/**
 * Decides which assigned values are computed in their variable's memory, and orders the instructions: as written,
 * except that one which overwrites a variable waits for everything that reads the variable's old value.
 */
export function schedule(program: Program, traitsOf: TraitsOf): Schedule {
  const { instructions, outputs, assign } = program;
  const producers = new Map<number, { readonly at: number; readonly result: number }>();
  const readers = new Map<number, number[]>();
  for (const [at, instruction] of instructions.entries()) {
    instruction.outputs.forEach(({ buffer }, result) => void producers.set(buffer, { at, result }));
    for (const buffer of new Set(instruction.inputs.map((view) => view.buffer)))
      readers.set(buffer, [...(readers.get(buffer) ?? []), at]);
  }
  /** For each instruction those that it must wait for. */
  const before = instructions.map(({ inputs }) =>
    inputs.flatMap(({ buffer }) => producers.get(buffer)?.at ?? []),
  );
  // Buffers whose old contents are still asked for when the run is over.
  const kept = new Set(
    [...outputs.map(({ view }) => view), ...assign.map(({ from }) => from)].map(({ buffer }) => buffer),
  );
  const inPlace = new Map<number, number>();
  for (const { from, to } of assign) {
    const variable = to.buffer;
    const producer = producers.get(from.buffer);
    if (!producer || inPlace.has(from.buffer) || kept.has(variable)) continue;
    const { op, inputs, outputs: results } = instructions[producer.at]!;
    const result = results[producer.result]!;
    const source = overwritten(traitsOf(op), producer.result);
    // Of the old value, it reads at most what it overwrites as it goes.
    const old = inputs.flatMap(({ buffer }, i) => (buffer === variable ? i : []));
    if (old.some((i) => i !== source || !covers(inputs[i]!, result)) || !covers(from, result)) continue;
    const others = (readers.get(variable) ?? []).filter((reader) => reader !== producer.at);
    if (others.some((reader) => reaches(reader, producer.at, before))) continue;
    inPlace.set(from.buffer, variable);
    before[producer.at]!.push(...others);
  }
  return { order: topological(before), inPlace };
}

/** The operand whose memory a result may take over. */
function overwritten({ inPlace }: KernelTraits, result: number): number | undefined {
  return typeof inPlace === 'function' ? inPlace(result) : inPlace?.[result];
}

/** Whether the view shows a whole buffer, of the size of `result`, row-major. */
function covers(view: View, result: View): boolean {
  return view.offset === 0 && isContiguous(view) && sizeOf(view.shape) === sizeOf(result.shape);
}

/** Whether instruction `from` needs `target`. */
function reaches(from: number, target: number, before: readonly (readonly number[])[]): boolean {
  const seen = new Set([from]);
  for (const at of seen) for (const earlier of before[at]!) seen.add(earlier); // a set walks what is added on the way
  return seen.has(target);
}

/** The order of writing, in which whatever must wait is put off. */
function topological(before: readonly (readonly number[])[]): number[] {
  const done = new Set<number>(); // keeps the order in which they were done
  for (let left = [...before.keys()]; left.length > 0; ) {
    const count = done.size;
    for (const at of left) if (before[at]!.every((earlier) => done.has(earlier))) done.add(at);
    if (done.size === count) throw new NanobardError('internal', 'the program depends on itself');
    left = left.filter((at) => !done.has(at));
  }
  return [...done];
}
