// Rows of the last dimension, normalised.
import { apply, type Operation, shapeError, type Tensor } from '../../tensor/index.ts';
import { gradientOperation } from '../shared/gradient.ts';
import { requireFloat, requireNumbers, requireShape } from '../shared/operands.ts';

/**
 * Normalises each row of the last dimension to mean 0 and variance 1, then scales and shifts it:
 * y = (x − mean) / √(variance + epsilon) · weight + bias, with the biased variance.
 * x (…, C), weight (C), bias (C) → (…, C). Ba, Kiros & Hinton, "Layer Normalization", 2016.
 *
 * @throws {NanobardError} code `shape` if `weight` or `bias` is not as wide as the rows of `x`.
 */
export function layerNorm(x: Tensor, weight: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  return apply(layerNormOperation, bias ? [x, weight, bias] : [x, weight], { epsilon })[0];
}

/** rstd is 1/√(variance + epsilon); mean and rstd serve the gradient. */
export const layerNormOperation: Operation<
  [x: Tensor, weight: Tensor, bias?: Tensor],
  [y: Tensor, mean: Tensor, rstd: Tensor],
  { readonly epsilon: number }
> = {
  name: 'layer-norm',
  shape([x, weight, bias], { epsilon }) {
    requireFloat('layerNorm', x, weight, ...(bias ? [bias] : []));
    const width = x.shape.at(-1);
    if (!width) throw shapeError('layerNorm', 'x needs rows of at least one element', x.shape);
    requireShape('layerNorm', [width], { weight, bias });
    requireNumbers('layerNorm', 'at least 0', { epsilon });
    const perRow = { shape: x.shape.slice(0, -1), dtype: 'f32' } as const;
    return [x, perRow, perRow];
  },
  flops: ({ outputs: [y] }) => 8 * y.size,
  gradient({ inputs: [x, weight, bias], outputs: [, mean, rstd] }, [dy]) {
    if (!dy) return [];
    const [dx, dweight, dbias] = apply(layerNormGradientOperation, [x, weight, mean, rstd, dy], {
      bias: !!bias,
    });
    return [dx, dweight, dbias];
  },
};

export const layerNormGradientOperation: Operation<
  [x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor, dy: Tensor],
  [dx: Tensor, dweight: Tensor, dbias?: Tensor],
  { readonly bias: boolean }
> = {
  name: 'layer-norm-gradient',
  shape: ([x, weight], { bias }) => (bias ? [x, weight, weight] : [x, weight]),
  flops: ({ outputs: [dx] }) => 16 * dx.size,
};

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
