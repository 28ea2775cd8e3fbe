// What the operations check of what they are given. Names in messages are those of parameters and options.
import { NanobardError } from '../../errors.ts';
import {
  formatShape,
  requireTensors,
  type Shape,
  sameShape,
  shapeError,
  type Tensor,
} from '../../tensor/index.ts';

type Named<T> = Readonly<Record<string, T>>;

/** Fails with code `argument` unless all operands of the operation `op` are tensors of floating-point values. */
export function requireFloat(op: string, ...operands: readonly Tensor[]): void {
  requireTensors(op, operands);
  const other = operands.find(({ dtype }) => dtype !== 'f32');
  if (!other) return;
  const message = `${op}: works on f32 tensors, but was given one of ${other.dtype}`;
  const frozen =
    'Weights in 8 bits are only read, by linear and embedding. To train them, give their file to createTraining.';
  throw new NanobardError('argument', message, other.dtype === 'q8' ? { hint: frozen } : {});
}

/** The same of a weight, which may also be of 8-bit integers. */
export function requireWeight(op: string, weight: Tensor): void {
  if (weight?.dtype !== 'q8') requireFloat(op, weight);
}

/** Fails with code `argument` unless the operands hold integers. */
export function requireIntegers(op: string, operands: Named<Tensor>): void {
  requireTensors(op, Object.values(operands));
  for (const [name, { dtype }] of Object.entries(operands)) {
    if (dtype !== 'i32') throw new NanobardError('argument', `${op}: ${name} must be i32, not ${dtype}`);
  }
}

/** Fails with code `shape` unless the operands have this shape. */
export function requireShape(op: string, shape: Shape, operands: Named<Tensor | undefined>): void {
  for (const [name, operand] of Object.entries(operands)) {
    if (!operand || sameShape(operand.shape, shape)) continue;
    const wanted = shape.length === 0 ? 'be a scalar' : `have the shape (${shape.join(', ')})`;
    throw shapeError(op, `${name} must ${wanted}`, operand.shape);
  }
}

/**
 * Fails with code `argument` unless the operand is where sequences stand: an i32 scalar, or a number for each of
 * `sequences`, if it is known how many there are.
 */
export function requirePosition(op: string, name: string, position: Tensor, sequences?: number): void {
  requireTensors(op, [position]);
  const { dtype, shape } = position;
  const fits = shape.length === 0 || (shape.length === 1 && (sequences ?? shape[0]) === shape[0]);
  if (dtype === 'i32' && fits) return;
  const wanted = `an i32 scalar or a number for each of ${sequences ?? 'B'} sequences`;
  throw new NanobardError(
    'argument',
    `${op}: the ${name} must be ${wanted}, not ${dtype} ${formatShape(shape)}`,
  );
}

const ranges = {
  'a finite number': Number.isFinite,
  'above 0': (x: number) => x > 0,
  'at least 0': (x: number) => x >= 0,
  'from 0 to below 1': (x: number) => x >= 0 && Math.fround(x) < 1,
  'an integer from 0 to 2^31 − 1': (x: number) => Number.isInteger(x) && x >= 0 && x < 2 ** 31,
  'an integer from 1 to 2^31 − 1': (x: number) => Number.isInteger(x) && x >= 1 && x < 2 ** 31,
};

/** Fails with code `argument` unless these are numbers in a range. NaN is in none. */
export function requireNumbers(op: string, range: keyof typeof ranges, numbers: Named<number>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === 'number' && ranges[range](value)) continue;
    throw new NanobardError('argument', `${op}: ${name} must be ${range}, not ${value}`);
  }
}
