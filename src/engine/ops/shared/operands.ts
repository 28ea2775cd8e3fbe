import { NanobardError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Fails with code `argument` unless all operands of the operation `op` hold floating-point values. */
export function requireFloat(op: string, ...operands: Tensor[]): void {
  const other = operands.find((operand) => operand.dtype !== 'f32');
  if (other)
    throw new NanobardError('argument', `${op}: works on f32 tensors, but was given one of ${other.dtype}`);
}
