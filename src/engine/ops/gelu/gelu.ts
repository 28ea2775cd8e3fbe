import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * Gaussian error linear unit, x · Φ(x), exact (not the tanh approximation).
 * Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016.
 */
export function gelu(x: Tensor): Tensor {
  return apply(geluOperation, [x], {})[0];
}

export const geluOperation: Operation<[x: Tensor], [y: Tensor], NoAttributes> = {
  name: 'gelu',
  shape([x]) {
    requireFloat('gelu', x);
    return [x];
  },
  flops: ({ outputs: [y] }) => 30 * y.size,
  gradient: ({ inputs: [x] }, [dy]) => apply(geluGradientOperation, [x, dy], {}),
};

/** dx = dy · (Φ(x) + x · φ(x)) */
export const geluGradientOperation: Operation<[x: Tensor, dy: Tensor], [dx: Tensor], NoAttributes> = {
  name: 'gelu-gradient',
  shape: ([x]) => [x],
  flops: ({ outputs: [dx] }) => 50 * dx.size,
};
