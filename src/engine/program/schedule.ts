import { NanobardError } from '../errors.ts';
import type { KernelTraits } from '../ops/shared/kernel.ts';
import { isContiguous } from '../tensor/layout.ts';
import { sizeOf } from '../tensor/shape.ts';
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
  const { instructions, buffers, outputs, assign } = program;
  const producers = new Map<number, { readonly at: number; readonly result: number }>();
  const readers = new Map<number, number[]>();
  for (const [at, instruction] of instructions.entries()) {
    instruction.outputs.forEach(({ buffer }, result) => void producers.set(buffer, { at, result }));
    for (const buffer of new Set(instruction.inputs.map((view) => view.buffer)))
      readers.set(buffer, [...(readers.get(buffer) ?? []), at]);
  }
  const dependencies = instructions.map(({ inputs }) =>
    inputs.flatMap(({ buffer }) => producers.get(buffer)?.at ?? []),
  );
  const after = new Map<number, ReadonlySet<number>>(); // instruction → further ones that it must wait for
  const before = (at: number): number[] => [...(dependencies[at] ?? []), ...(after.get(at) ?? [])];

  // Buffers whose old contents are still asked for when the run is over.
  const kept = new Set([...outputs, ...assign].map(({ view }) => view.buffer));
  const inPlace = new Map<number, number>();
  for (const { variable: index, view } of assign) {
    const variable = buffers.findIndex((buffer) => buffer.kind === 'variable' && buffer.index === index);
    const producer = producers.get(view.buffer);
    if (!producer || inPlace.has(view.buffer) || kept.has(variable)) continue;
    const { op, inputs, outputs: results } = instructions[producer.at]!;
    const source = overwritten(traitsOf(op), producer.result);
    if (source === undefined || inputs[source]?.buffer !== variable) continue;
    if (!covers(inputs[source], results[producer.result]!) || !covers(view, results[producer.result]!))
      continue;
    // Its other operands must not lie in the memory that it overwrites.
    if (inputs.some(({ buffer }, i) => i !== source && buffer === variable)) continue;
    const others = (readers.get(variable) ?? []).filter((reader) => reader !== producer.at);
    if (others.some((reader) => reaches(reader, producer.at, before))) continue;
    inPlace.set(view.buffer, variable);
    after.set(producer.at, new Set([...(after.get(producer.at) ?? []), ...others]));
  }
  return { order: topological(instructions.length, before), inPlace };
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
function reaches(from: number, target: number, before: (at: number) => readonly number[]): boolean {
  const seen = new Set<number>();
  const stack = [from];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at === target) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    stack.push(...before(at));
  }
  return false;
}

/** Topological order that stays as close as possible to the order of writing. */
function topological(count: number, before: (at: number) => readonly number[]): number[] {
  const done = new Set<number>(); // keeps the order in which they were done
  const active = new Set<number>();
  for (let root = 0; root < count; root++) {
    const stack = [root];
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      const missing = done.has(at) ? [] : before(at).filter((dependency) => !done.has(dependency));
      if (missing.length === 0) {
        done.add(at);
        active.delete(at);
        stack.pop();
        continue;
      }
      if (active.has(at)) throw new NanobardError('internal', 'the program depends on itself');
      active.add(at);
      stack.push(...missing.sort((a, b) => b - a));
    }
  }
  return [...done];
}
