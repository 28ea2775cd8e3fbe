import { sameShape, shapeError } from '../../tensor/shape.ts';
import { Node, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * Normalises each row of the last dimension to mean 0 and variance 1, then scales and shifts it:
 * y = (x − mean) / √(variance + epsilon) · weight + bias, with the biased variance.
 * x (…, C), weight (C), bias (C) → (…, C). Ba, Kiros & Hinton, "Layer Normalization", 2016.
 *
 * @throws {NanobardError} code `shape` if `weight` or `bias` is not as wide as the rows of `x`.
 */
export function layerNorm(x: Tensor, weight: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  requireFloat('layerNorm', x, weight, ...(bias ? [bias] : []));
  const width = x.shape.at(-1);
  if (!width) throw shapeError('layerNorm', 'x needs rows of at least one element', x.shape);
  if (!sameShape(weight.shape, [width])) {
    throw shapeError('layerNorm', `weight must have the shape (${width})`, x.shape, weight.shape);
  }
  if (bias && !sameShape(bias.shape, [width])) {
    throw shapeError('layerNorm', `bias must have the shape (${width})`, x.shape, bias.shape);
  }
  const perRow = { shape: x.shape.slice(0, -1), dtype: 'f32' } as const;
  const outputs = [{ shape: x.shape, dtype: 'f32' }, perRow, perRow] as const;
  return new Node(layerNormOperation, bias ? [x, weight, bias] : [x, weight], { epsilon }, outputs)
    .outputs[0]!;
}

/** (x, weight[, bias]) → (y, mean, 1/√(variance + epsilon)); the last two serve the gradient. */
export const layerNormOperation: Operation<{ epsilon: number }> = {
  name: 'layer-norm',
  flops: (node) => 8 * node.outputs[0]!.size,
  gradient: ({ inputs, outputs }, [dy]) => {
    if (!dy) return [];
    const [x, ...parameters] = inputs;
    const [, mean, rstd] = outputs;
    const types = inputs.map(({ shape }) => ({ shape, dtype: 'f32' }) as const);
    return new Node(layerNormGradientOperation, [x!, parameters[0]!, mean!, rstd!, dy], {}, types).outputs;
  },
};

/** (x, weight, mean, rstd, dy) → (dx, dweight[, dbias]) */
export const layerNormGradientOperation: Operation<Record<string, never>> = {
  name: 'layer-norm-gradient',
  flops: (node) => 16 * node.outputs[0]!.size,
};
