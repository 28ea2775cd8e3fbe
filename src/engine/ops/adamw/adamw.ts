import { apply, type Operation, type Tensor } from '../../tensor/index.ts';
import { requireFloat, requireIntegers, requireNumbers, requireShape } from '../shared/operands.ts';

/**
 * What one update reads: `m`, the running mean of the gradients, and `v`, that of their squares, have the
 * parameter's shape; the others are scalars. `step` is the number of this update, i32, and counts from 1;
 * `gradientScale` multiplies the gradient first, to clip it.
 */
type AdamWOperands = Readonly<
  Record<'parameter' | 'gradient' | 'm' | 'v' | 'learningRate' | 'step' | 'gradientScale', Tensor>
>;

type AdamWAttributes = Readonly<Record<'beta1' | 'beta2' | 'epsilon' | 'weightDecay', number>>;

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
  attributes: AdamWAttributes,
): { parameter: Tensor; m: Tensor; v: Tensor } {
  const operands = [parameter, gradient, m, v, learningRate, step, gradientScale] as const;
  const [newParameter, newM, newV] = apply(adamwOperation, operands, attributes);
  return { parameter: newParameter, m: newM, v: newV };
}

export const adamwOperation: Operation<
  readonly [
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
  shape(operands, { beta1, beta2, epsilon, weightDecay }) {
    const [parameter, gradient, m, v, learningRate, step, gradientScale] = operands;
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
