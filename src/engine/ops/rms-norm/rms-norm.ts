import { apply, type Operation } from '../../tensor/operation.ts';
import { shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { gradientOperation } from '../shared/gradient.ts';
import { requireFloat, requireNumbers } from '../shared/operands.ts';

/**
 * Scales each row of the last dimension to a root mean square of 1: y = x / √(mean(x²) + epsilon), without
 * parameters. x (…, C) → (…, C). Zhang & Sennrich, "Root Mean Square Layer Normalization", 2019.
 *
 * @throws {NanobardError} code `shape` if the rows of `x` are empty, `argument` unless `epsilon` is at least 0.
 */
export function rmsNorm(x: Tensor, epsilon = 1e-6): Tensor {
  return apply(rmsNormOperation, [x], { epsilon })[0];
}

export const rmsNormOperation: Operation<[x: Tensor], [y: Tensor], { readonly epsilon: number }> = {
  name: 'rms-norm',
  shape([x], { epsilon }) {
    requireFloat('rmsNorm', x);
    requireNumbers('rmsNorm', 'at least 0', { epsilon });
    if (!x.shape.at(-1)) throw shapeError('rmsNorm', 'x needs rows of at least one element', x.shape);
    return [x];
  },
  flops: ({ outputs: [y] }) => 3 * y.size,
  gradient: ({ inputs: [x], attributes }, [dy]) => apply(rmsNormGradientOperation, [x, dy], attributes),
};

/** The norm is computed again, which costs less than to store and load it. */
export const rmsNormGradientOperation = gradientOperation<
  [x: Tensor, dy: Tensor],
  { readonly epsilon: number }
>('rms-norm-gradient', 7);
