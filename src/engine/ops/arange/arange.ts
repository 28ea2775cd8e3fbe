import { NanobardError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { add } from '../arithmetic/arithmetic.ts';
import { constant } from '../constant/constant.ts';

/**
 * The i32 numbers start, start + 1, … (length). `start` is an i32 scalar, such as an `Input` that tells
 * how far a sequence has come, so that positions move from run to run; 0 by default.
 *
 * @throws {NanobardError} code `argument` if `length` is not a natural number or `start` not an i32 scalar.
 */
export function arange(length: number, start?: Tensor): Tensor {
  if (!Number.isInteger(length) || length < 0) {
    throw new NanobardError('argument', `arange: the length must be a natural number, not ${length}`);
  }
  const numbers = constant(Int32Array.from({ length }, (_, i) => i));
  if (start === undefined) return numbers;
  if (start.dtype !== 'i32' || start.rank !== 0) {
    throw new NanobardError(
      'argument',
      `arange: the start must be an i32 scalar, not ${start.dtype} of rank ${start.rank}`,
    );
  }
  return add(numbers, start);
}
