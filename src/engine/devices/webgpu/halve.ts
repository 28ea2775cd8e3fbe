import type { Program, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT } from '../../tensor/index.ts';

/**
 * Which operands and results of an operation may be f16: activations and their gradients. Statistics, logits, losses,
 * weights, their gradients and the optimizer's state stay f32.
 */
const able: Readonly<Record<string, readonly [inputs: readonly number[], outputs: readonly number[]]>> = {
  attention: [[0, 1, 2], [0]],
  'attention-gradient': [
    [0, 1, 2, 5, 7],
    [0, 1, 2],
  ],
  dropout: [[0], [0]],
  embedding: [[], [0]],
  'embedding-gradient': [[0], []],
  matmul: [[0, 1], [0]],
  linear: [[0], [0]],
  'layer-norm': [[0], [0]],
  'layer-norm-gradient': [[0, 4], [0]],
  'rms-norm': [[0], [0]],
  'rms-norm-gradient': [[0, 1], [0]],
  rotary: [[0], [0]],
  ...all(1, 'neg', 'exp', 'tanh', 'sigmoid', 'square', 'relu', 'relu-squared', 'gelu', 'gelu-tanh'),
  ...all(1, 'contiguous', 'pad', 'masked-fill', 'softmax'),
  ...all(2, 'add', 'sub', 'mul', 'div', 'softmax-gradient'),
  ...all(2, 'relu-gradient', 'relu-squared-gradient', 'gelu-gradient', 'gelu-tanh-gradient'),
};

function all(operands: number, ...ops: readonly string[]): typeof able {
  return Object.fromEntries(ops.map((op) => [op, [[...Array(operands).keys()], [0]]]));
}

/** What gradients of weights pass through on the way to where they are kept: averaged, added up, scaled back. */
const arithmetic: ReadonlySet<string> = new Set(['add', 'mul', 'contiguous']);

/** The program with `halves` in memory of two bytes an element: what only kernels see that take f16. */
export function halve(program: Program): { readonly program: Program; readonly halves: ReadonlySet<number> } {
  const kept = new Set<number>();
  const keep = ({ buffer }: View): void => void kept.add(buffer);
  for (const { view } of program.outputs) keep(view);
  for (const { from } of program.assign) keep(from);
  for (const { op, inputs, outputs } of program.instructions.toReversed())
    if (arithmetic.has(op) && outputs.some(({ buffer }) => kept.has(buffer)))
      for (const view of inputs) keep(view);
  for (const { op, inputs, outputs } of program.instructions) {
    const [readable, writable] = able[op] ?? [[], []];
    const fits = ({ dtype, shape }: View): boolean => dtype === 'f32' && shape.length > 1;
    for (const [i, view] of inputs.entries()) if (!readable.includes(i) || !fits(view)) keep(view);
    for (const [i, view] of outputs.entries()) if (!writable.includes(i) || !fits(view)) keep(view);
  }
  const halves = new Set<number>();
  const buffers = program.buffers.map((buffer, i) => {
    if (buffer.kind !== 'temporary' || kept.has(i)) return buffer;
    halves.add(i);
    // Whole words, so that a binding of this much is one.
    const bytes = Math.ceil(buffer.bytes / (2 * BYTES_PER_ELEMENT)) * BYTES_PER_ELEMENT;
    return { ...buffer, bytes };
  });
  return { program: { ...program, buffers }, halves };
}
