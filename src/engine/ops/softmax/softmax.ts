import { normalizeDim } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';
import { transpose } from '../transpose/transpose.ts';

/**
 * eˣ / Σ eˣ along dimension `dim`: positive numbers that add up to 1. Entries of −Infinity become 0, as
 * masks need; where all are −Infinity the result is NaN.
 *
 * @throws {NanobardError} code `shape` if the dimension does not exist.
 */
export function softmax(x: Tensor, dim = -1): Tensor {
  requireFloat('softmax', x);
  const d = normalizeDim('softmax', dim, x.rank);
  if (d === x.rank - 1) return apply(softmaxOperation, [x], {}, x.shape);
  return transpose(softmax(transpose(x, d, -1)), d, -1);
}

/** Along the last dimension. */
export const softmaxOperation: Operation<Record<string, never>> = {
  name: 'softmax',
  flops: (node) => 25 * node.outputs[0]!.size,
  gradient: ({ outputs: [y] }, [dy]) => [dy && apply(softmaxGradientOperation, [y!, dy], {}, y!.shape)],
};

/** (y, dy) → y · (dy − Σ y · dy) */
export const softmaxGradientOperation: Operation<Record<string, never>> = {
  name: 'softmax-gradient',
  flops: (node) => 4 * node.outputs[0]!.size,
};
