import { NanobardError } from '../../errors.ts';
import { shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * The length of all tensors seen as one vector, √Σ x², a scalar. Tensors may have any shapes.
 *
 * @throws {NanobardError} code `argument` if there is no tensor or one is not f32.
 */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new NanobardError('argument', 'globalNorm: needs at least one tensor');
  requireFloat('globalNorm', ...tensors);
  return apply(globalNormOperation, tensors, {}, []);
}

/**
 * The factor that gradients of length `norm` (a scalar) are multiplied by to be no longer than `maxNorm`:
 * min(1, maxNorm / (norm + 10⁻⁶)), as in PyTorch's `clip_grad_norm_`.
 * Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", 2013, §3.2.
 *
 * @throws {NanobardError} code `shape` if `norm` is not a scalar, `argument` unless `maxNorm` is above 0.
 */
export function clipScale(norm: Tensor, maxNorm: number): Tensor {
  if (norm.rank !== 0) throw shapeError('clipScale', 'norm must be a scalar', norm.shape);
  if (!(maxNorm > 0))
    throw new NanobardError('argument', `clipScale: maxNorm must be above 0, not ${maxNorm}`);
  return apply(clipScaleOperation, [norm], { maxNorm }, []);
}

export const globalNormOperation: Operation<Record<string, never>> = {
  name: 'global-norm',
  flops: (node) => node.inputs.reduce((sum, { size }) => sum + 2 * size, 0),
};

export const clipScaleOperation: Operation<{ maxNorm: number }> = { name: 'clip-scale' };
