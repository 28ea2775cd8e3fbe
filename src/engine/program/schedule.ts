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
 * except that one which overwrites a variable waits for everything that reads the variable's old value. One that does not
 * read it itself comes as early as it then can: so gradients that are only kept are there, and can be sent, while the
 * backward pass goes on, and what they were made from is free.
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
  const early: number[] = [];
  for (const { from, to } of assign) {
    const variable = to.buffer;
    const producer = producers.get(from.buffer);
    if (!producer || inPlace.has(from.buffer) || kept.has(variable)) continue;
    const { op, inputs, outputs: results } = instructions[producer.at]!;
    if (!covers(from, results[producer.result]!)) continue;
    // What has this one result and does not read the old value itself can write it there, whatever it is.
    const fresh = results.length === 1 && inputs.every(({ buffer }) => buffer !== variable);
    if (!fresh) {
      const source = overwritten(traitsOf(op), producer.result);
      if (source === undefined || inputs[source]?.buffer !== variable) continue;
      if (!covers(inputs[source], results[producer.result]!)) continue;
      // Its other operands must not lie in the memory that it overwrites.
      if (inputs.some(({ buffer }, i) => i !== source && buffer === variable)) continue;
    }
    const others = (readers.get(variable) ?? []).filter((reader) => reader !== producer.at);
    if (others.some((reader) => reaches(reader, producer.at, before))) continue;
    inPlace.set(from.buffer, variable);
    before[producer.at]!.push(...others);
    if (fresh) early.push(producer.at);
  }
  return { order: topological(before, placesOf(program, before, early)), inPlace };
}

/**
 * Where each instruction is to come: where it was written; one of the `early`, with what is used for it alone, right
 * behind the last of what they wait for.
 */
function placesOf(
  { instructions, outputs }: Program,
  before: readonly (readonly number[])[],
  early: readonly number[],
): readonly number[] {
  const users = new Map<number, number[]>();
  for (const [at, { inputs }] of instructions.entries())
    for (const { buffer } of inputs) users.set(buffer, [...(users.get(buffer) ?? []), at]);
  const shown = new Set(outputs.map(({ view }) => view.buffer));
  /** The instructions that move as one, by the last of them. */
  const chains = new Map(early.map((at) => [at, [at]]));
  const lastOf = new Map(early.map((at) => [at, at]));
  for (let at = instructions.length - 1; at >= 0; at--) {
    const { outputs: results } = instructions[at]!;
    const used = results.flatMap(({ buffer }) => (shown.has(buffer) ? [-1] : (users.get(buffer) ?? [])));
    const last = used.length === 1 ? lastOf.get(used[0]!) : undefined;
    if (last === undefined || lastOf.has(at)) continue;
    chains.get(last)!.push(at);
    lastOf.set(at, last);
  }
  const places = new Map<number, number>();
  const placeOf = (at: number): number => {
    const last = lastOf.get(at) ?? at;
    if (!places.has(last)) {
      places.set(last, last); // for those that wait for each other
      const chain = chains.get(last);
      const awaited = chain?.flatMap((member) => before[member]!).filter((each) => lastOf.get(each) !== last);
      if (awaited) places.set(last, Math.max(0, ...awaited.map(placeOf)));
    }
    return places.get(last)!;
  };
  return before.map((_, at) => placeOf(at));
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

/** The order of places, and at one place that of writing, in which whatever must wait is put off. */
function topological(before: readonly (readonly number[])[], places: readonly number[]): number[] {
  const done = new Set<number>(); // keeps the order in which they were done
  for (let left = [...before.keys()].sort((a, b) => places[a]! - places[b]!); left.length > 0; ) {
    const count = done.size;
    for (const at of left) if (before[at]!.every((earlier) => done.has(earlier))) done.add(at);
    if (done.size === count) throw new NanobardError('internal', 'the program depends on itself');
    left = left.filter((at) => !done.has(at));
  }
  return [...done];
}
