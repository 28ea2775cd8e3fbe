import { Constant } from '../../tensor/constant.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { add } from '../elementwise/elementwise.ts';
import { requireNumbers, requirePosition } from '../shared/operands.ts';

/**
 * The i32 numbers start, start + 1, … (length). `start` is an i32 scalar, such as an `Input` that tells
 * how far a sequence has come, so that positions move from run to run; 0 by default.
 *
 * @throws {NanobardError} code `argument` if `length` is not a natural number or `start` not an i32 scalar.
 */
export function arange(length: number, start?: Tensor): Tensor {
  requireNumbers('arange', 'an integer from 0 to 2^31 − 1', { length });
  const numbers = new Constant(Int32Array.from({ length }, (_, i) => i));
  if (start === undefined) return numbers;
  requirePosition('arange', 'start', start);
  return add(numbers, start);
}
