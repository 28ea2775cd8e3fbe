import { NanobardError } from '../../errors.ts';
import { sameShape, shapeError } from '../../tensor/shape.ts';
import { Node, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

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
 * @throws {NanobardError} code `shape` if an operand has another shape than it must, `argument` if another dtype.
 */
export function adamW(
  operands: AdamWOperands,
  attributes: AdamWAttributes,
): { parameter: Tensor; m: Tensor; v: Tensor } {
  const { parameter, gradient, m, v, learningRate, step, gradientScale } = operands;
  for (const [name, { shape }] of Object.entries({ gradient, m, v })) {
    if (sameShape(shape, parameter.shape)) continue;
    throw shapeError('adamW', `${name} must have the shape of the parameter`, parameter.shape, shape);
  }
  for (const [name, { shape }] of Object.entries({ learningRate, step, gradientScale })) {
    if (shape.length > 0) throw shapeError('adamW', `${name} must be a scalar`, shape);
  }
  requireFloat('adamW', parameter, gradient, m, v, learningRate, gradientScale);
  if (step.dtype !== 'i32') throw new NanobardError('argument', 'adamW: step must be i32, not f32');
  const type = { shape: parameter.shape, dtype: 'f32' } as const;
  const inputs = [parameter, gradient, m, v, learningRate, step, gradientScale];
  const { outputs } = new Node(adamWOperation, inputs, attributes, [type, type, type]);
  return { parameter: outputs[0]!, m: outputs[1]!, v: outputs[2]! };
}

/** (parameter, gradient, m, v, learningRate, step, gradientScale) → (parameter, m, v) */
export const adamWOperation: Operation<AdamWAttributes> = {
  name: 'adamw',
  flops: (node) => 15 * node.inputs[0]!.size,
  inPlace: [0, 2, 3],
};
