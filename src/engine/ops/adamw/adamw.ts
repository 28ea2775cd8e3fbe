import { apply, type Operation } from '../../tensor/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat, requireIntegers, requireNumbers, requireShape } from '../shared/operands.ts';

/** What one update reads. */
export interface AdamWOperands {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** Running mean of the gradients, of the parameter's shape. */
  readonly m: Tensor;
  /** Running mean of their squares, of the parameter's shape. */
  readonly v: Tensor;
  /** Scalar. */
  readonly learningRate: Tensor;
  /** Number of this update, an i32 scalar that counts from 1. */
  readonly step: Tensor;
  /** Scalar that multiplies the gradient first, to clip it. */
  readonly gradientScale: Tensor;
}

export type AdamWAttributes = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
};

/**
 * One update of a parameter by Adam with decoupled weight decay: the new parameter and moments, which a
 * device computes in place when they are assigned to the variables that they come from.
 * Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2; the order of operations
 * is that of PyTorch's `AdamW`.
 *
 * @throws {NanobardError} code `shape` if an operand has another shape than it must, `argument` if another dtype
 *   or an attribute is out of range.
 */
export function adamW(
  { parameter, gradient, m, v, learningRate, step, gradientScale }: AdamWOperands,
  { beta1, beta2, epsilon, weightDecay }: AdamWAttributes,
): { parameter: Tensor; m: Tensor; v: Tensor } {
  const [newParameter, newM, newV] = apply(
    adamwOperation,
    [parameter, gradient, m, v, learningRate, step, gradientScale],
    { beta1, beta2, epsilon, weightDecay },
  );
  return { parameter: newParameter, m: newM, v: newV };
}

export const adamwOperation: Operation<
  [
    parameter: Tensor,
    gradient: Tensor,
    m: Tensor,
    v: Tensor,
    learningRate: Tensor,
    step: Tensor,
    gradientScale: Tensor,
  ],
  [parameter: Tensor, m: Tensor, v: Tensor],
  AdamWAttributes
> = {
  name: 'adamw',
  shape([parameter, gradient, m, v, learningRate, step, gradientScale], attributes) {
    const { beta1, beta2, epsilon, weightDecay } = attributes;
    requireFloat('adamW', parameter, gradient, m, v, learningRate, gradientScale);
    requireIntegers('adamW', { step });
    requireShape('adamW', parameter.shape, { gradient, m, v });
    requireShape('adamW', [], { learningRate, step, gradientScale });
    requireNumbers('adamW', 'from 0 to below 1', { beta1, beta2 });
    requireNumbers('adamW', 'at least 0', { epsilon, weightDecay });
    return [parameter, m, v];
  },
  flops: ({ outputs: [parameter] }) => 15 * parameter.size,
};
