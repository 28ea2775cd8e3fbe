import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * Gaussian error linear unit, x · Φ(x), exact (not the tanh approximation).
 * Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016.
 */
export function gelu(x: Tensor): Tensor {
  requireFloat('gelu', x);
  return apply(geluOperation, [x], {}, x.shape);
}

export const geluOperation: Operation<Record<string, never>> = {
  name: 'gelu',
  flops: (node) => 30 * node.outputs[0]!.size,
  gradient: (node, [gradient]) => [
    gradient && apply(geluGradientOperation, [node.inputs[0]!, gradient], {}, gradient.shape),
  ],
};

/** (x, dy) → dy · (Φ(x) + x · φ(x)) */
export const geluGradientOperation: Operation<Record<string, never>> = {
  name: 'gelu-gradient',
  flops: (node) => 50 * node.outputs[0]!.size,
};
