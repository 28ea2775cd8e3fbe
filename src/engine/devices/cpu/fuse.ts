import type { KernelTraits } from '../../ops/shared/kernel.ts';
import type { Instruction, Program, View } from '../../program/program.ts';
import { isContiguous, sameShape, sizeOf } from '../../tensor/index.ts';

/** What one instruction of the program makes, and another one alone uses. */
interface Link {
  readonly maker: Instruction;
  /** As it is made. */
  readonly made: View;
}

/**
 * The program as the CPU's kernels do it in fewer passes over memory, to the same bits:
 *
 * - what is joined by `concat` is written in its place at once, where the kernel that makes it can do that;
 * - a sum of the residual stream and a linear layer, or of gradients on both ways around a layer norm, is made where
 *   its second part is.
 */
export function fuse(program: Program, traitsOf: (op: string) => KernelTraits): Program {
  const linkOf = links(program);
  const places = new Map(program.instructions.map((instruction, at) => [instruction, at]));
  const gone = new Set<Instruction>();
  const replaced = new Map<Instruction, Instruction>();
  /** Results that lie elsewhere than in a buffer of their own. */
  const moved = new Map<number, View>();

  for (const instruction of program.instructions) {
    const { op, inputs, outputs, attributes } = instruction;
    const parts = inputs.map(linkOf);
    if (op === 'concat' && parts.every((part) => part && traitsOf(part.maker.op).stridedResults)) {
      const made = (parts as Link[]).map((part) => part.made);
      const views = placesOf(outputs[0]!, inputs, made, attributes.dim as number);
      if (!views) continue;
      made.forEach(({ buffer }, i) => void moved.set(buffer, views[i]!));
      gone.add(instruction);
    }
    if (op !== 'add') continue;
    for (const [i, part] of parts.entries()) {
      const other = inputs[1 - i]!;
      if (!part || replaced.has(part.maker) || !plain(other) || !sameShape(other.shape, outputs[0]!.shape))
        continue;
      const sum = sumOf(part.maker, part.made, other, outputs[0]!);
      // What is added must be there when the rest is made.
      const addend = program.instructions.find(({ outputs }) =>
        outputs.some((o) => o.buffer === other.buffer),
      );
      if (!sum || (addend && places.get(addend)! > places.get(part.maker)!)) continue;
      replaced.set(part.maker, sum);
      gone.add(instruction);
      break;
    }
  }
  const instructions = program.instructions
    .filter((instruction) => !gone.has(instruction))
    .map((instruction) => replaced.get(instruction) ?? instruction)
    .map((instruction) => ({
      ...instruction,
      outputs: instruction.outputs.map((view) => moved.get(view.buffer) ?? view),
    }));
  return { ...program, instructions };
}

/** Finds what an operand is, if it is all of a result, as it was made, that nothing else uses. */
function links({ instructions, outputs, assign }: Program): (operand: View) => Link | undefined {
  const uses = new Map<number, number>();
  for (const { buffer } of [
    ...instructions.flatMap(({ inputs }) => inputs),
    ...outputs.map(({ view }) => view),
    ...assign.flatMap(({ from, to }) => [from, to]),
  ])
    uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
  const made = new Map(
    instructions.flatMap((maker) =>
      maker.outputs.map((view) => [view.buffer, { maker, made: view }] as const),
    ),
  );
  return (operand) => {
    const link = made.get(operand.buffer);
    const whole =
      link && plain(operand) && plain(link.made) && sizeOf(operand.shape) === sizeOf(link.made.shape);
    return whole && uses.get(operand.buffer) === 1 ? link : undefined;
  };
}

/** Row-major, from a buffer's beginning on. */
function plain(view: View): boolean {
  return view.offset === 0 && isContiguous(view);
}

/** The instruction that adds `addend` to what another makes first, where there is a kernel for both at once. */
function sumOf(maker: Instruction, made: View, addend: View, sum: View): Instruction | undefined {
  if (maker.outputs[0]!.buffer !== made.buffer) return undefined;
  const [first, ...rest] = maker.outputs;
  const outputs = [{ ...first!, buffer: sum.buffer }, ...rest];
  if (maker.op === 'linear')
    return { ...maker, op: 'linear-add', inputs: [addend, ...maker.inputs], outputs };
  if (maker.op === 'layer-norm-gradient')
    return { ...maker, op: 'layer-norm-gradient-add', inputs: [...maker.inputs, addend], outputs };
  return undefined;
}

/** How the parts lie in the whole, each in the shape in which it was made; undefined if strides cannot say it. */
function placesOf(
  whole: View,
  parts: readonly View[],
  made: readonly View[],
  dim: number,
): View[] | undefined {
  const width = sizeOf(whole.shape.slice(dim));
  const places: View[] = [];
  let offset = whole.offset;
  for (const [i, part] of parts.entries()) {
    const row = sizeOf(part.shape.slice(dim));
    const { shape, strides } = made[i]!;
    // Rows of the part are now as far apart as those of the whole; no dimension may lead from one into the next.
    const fits = shape.every((extent, d) => strides[d]! % row === 0 || strides[d]! * extent <= row);
    if (!fits || strides.at(-1) !== 1 || shape.at(-1)! > row) return undefined;
    const apart = strides.map((stride) => (stride % row === 0 ? (stride / row) * width : stride));
    places.push({ ...made[i]!, buffer: whole.buffer, strides: apart, offset });
    offset += row;
  }
  return places;
}
