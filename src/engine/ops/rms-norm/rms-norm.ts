import { shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * Scales each row of the last dimension to a root mean square of 1: y = x / √(mean(x²) + epsilon), without
 * parameters. x (…, C) → (…, C). Zhang & Sennrich, "Root Mean Square Layer Normalization", 2019.
 *
 * @throws {NanobardError} code `shape` if the rows of `x` are empty.
 */
export function rmsNorm(x: Tensor, epsilon = 1e-6): Tensor {
  requireFloat('rmsNorm', x);
  if (!x.shape.at(-1)) throw shapeError('rmsNorm', 'x needs rows of at least one element', x.shape);
  return apply(rmsNormOperation, [x], { epsilon }, x.shape);
}

export const rmsNormOperation: Operation<{ epsilon: number }> = {
  name: 'rms-norm',
  stridedRows: [0], // queries and keys are parts of one matrix
  flops: (node) => 3 * node.outputs[0]!.size,
  gradient: ({ inputs: [x], attributes }, [dy]) => [
    dy && apply(rmsNormGradientOperation, [x!, dy], attributes, x!.shape),
  ],
};

/** (x, dy) → dx; the norm is computed again, which costs less than to store and load it. */
export const rmsNormGradientOperation: Operation<{ epsilon: number }> = {
  name: 'rms-norm-gradient',
  stridedRows: [0],
  flops: (node) => 7 * node.outputs[0]!.size,
};
