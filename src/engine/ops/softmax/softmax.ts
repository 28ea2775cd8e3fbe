import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { normalizeDim } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { gradientOperation } from '../shared/gradient.ts';
import { requireFloat } from '../shared/operands.ts';
import { transpose } from '../views/views.ts';

/**
 * eˣ / Σ eˣ along dimension `dim`: positive numbers that add up to 1. Entries of −Infinity become 0, as
 * masks need; where all are −Infinity the result is NaN.
 *
 * @throws {NanobardError} code `shape` if the dimension does not exist.
 */
export function softmax(x: Tensor, dim = -1): Tensor {
  requireFloat('softmax', x);
  const d = normalizeDim('softmax', dim, x.rank);
  if (d === x.rank - 1) return apply(softmaxOperation, [x], {})[0];
  return transpose(softmax(transpose(x, d, -1)), d, -1);
}

/** Along the last dimension. */
export const softmaxOperation: Operation<[x: Tensor], [y: Tensor], NoAttributes> = {
  name: 'softmax',
  shape: ([x]) => [x],
  flops: ({ outputs: [y] }) => 25 * y.size,
  gradient: ({ outputs: [y] }, [dy]) => apply(softmaxGradientOperation, [y, dy], {}),
};

/** dx = y · (dy − Σ y · dy) */
export const softmaxGradientOperation = gradientOperation<[y: Tensor, dy: Tensor], NoAttributes>(
  'softmax-gradient',
  4,
);
