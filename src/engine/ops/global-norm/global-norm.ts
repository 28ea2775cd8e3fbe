import { NanobardError } from '../../errors.ts';
import { apply, type NoAttributes, type Operation, requireTensors } from '../../tensor/operation.ts';
import type { Scalar, Tensor } from '../../tensor/tensor.ts';
import { requireFloat, requireNumbers, requireShape } from '../shared/operands.ts';

/**
 * The length of all tensors seen as one vector, √Σ x², a scalar. Tensors may have any shapes.
 *
 * @throws {NanobardError} code `argument` if there is no tensor or one is not f32.
 */
export function globalNorm(tensors: readonly Tensor[]): Scalar {
  requireTensors('globalNorm', tensors);
  return apply(globalNormOperation, tensors, {})[0];
}

/**
 * The factor that gradients of length `norm` (a scalar) are multiplied by to be no longer than `maxNorm`:
 * min(1, maxNorm / (norm + 10⁻⁶)), as in PyTorch's `clip_grad_norm_`.
 * Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", 2013, §3.2.
 *
 * @throws {NanobardError} code `shape` if `norm` is not a scalar, `argument` unless `maxNorm` is above 0.
 */
export function clipScale(norm: Tensor, maxNorm: number): Tensor {
  return apply(clipScaleOperation, [norm], { maxNorm })[0];
}

/**
 * Gradients of a loss that was scaled, scaled back: each times `factor`, a scalar. Where `norm`, a scalar, too, is not
 * finite, the results are zeros, whatever the gradients are. A device computes them in place where nothing else reads the
 * gradients.
 * Micikevicius et al., "Mixed Precision Training", 2018, §3.2.
 *
 * @throws {NanobardError} code `shape` if `factor` or `norm` is not a scalar, `argument` if there is no gradient or one
 *   is not f32.
 */
export function unscale(gradients: readonly Tensor[], factor: Tensor, norm: Tensor): readonly Tensor[] {
  requireTensors('unscale', gradients);
  return apply(unscaleOperation, [factor, norm, ...gradients] as const, {});
}

export const globalNormOperation: Operation<readonly Tensor[], [norm: Scalar], NoAttributes> = {
  name: 'global-norm',
  shape(tensors) {
    if (tensors.length === 0) throw new NanobardError('argument', 'globalNorm: needs at least one tensor');
    requireFloat('globalNorm', ...tensors);
    return [{ shape: [], dtype: 'f32' }];
  },
  flops: ({ inputs }) => inputs.reduce((sum, { size }) => sum + 2 * size, 0),
};

export const clipScaleOperation: Operation<[norm: Tensor], [scale: Tensor], { readonly maxNorm: number }> = {
  name: 'clip-scale',
  shape([norm], { maxNorm }) {
    requireFloat('clipScale', norm);
    requireShape('clipScale', [], { norm });
    requireNumbers('clipScale', 'above 0', { maxNorm });
    return [norm];
  },
};

export const unscaleOperation: Operation<
  readonly [factor: Tensor, norm: Tensor, ...gradients: Tensor[]],
  readonly Tensor[],
  NoAttributes
> = {
  name: 'unscale',
  shape([factor, norm, ...gradients]) {
    if (gradients.length === 0) throw new NanobardError('argument', 'unscale: needs at least one tensor');
    requireFloat('unscale', factor, norm, ...gradients);
    requireShape('unscale', [], { factor, norm });
    return gradients;
  },
};
