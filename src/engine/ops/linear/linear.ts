import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { extents, hasRank, shapeError, sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { matmul } from '../matmul/matmul.ts';
import { sum } from '../reduce/reduce.ts';
import { requireFloat } from '../shared/operands.ts';
import { reshape, transpose } from '../views/views.ts';

/**
 * x · Wᵀ + b over the last dimension: (…, K) → (…, N).
 *
 * @param weight (N, K), one row for each output, as in PyTorch
 * @param bias (N)
 * @throws {NanobardError} code `shape` if the extents do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  requireFloat('linear', x, weight, ...(bias ? [bias] : []));
  const k = x.shape.at(-1);
  if (!hasRank(weight.shape, 2) || k !== weight.shape[1]) {
    throw shapeError('linear', `the weight must be (outputs, ${k ?? 'inputs'})`, x.shape, weight.shape);
  }
  const [n] = weight.shape;
  if (bias && bias.shape.join() !== `${n}`) {
    throw shapeError('linear', `the bias must be (${n})`, weight.shape, bias.shape);
  }
  const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), k]);
  const [y] = apply(linearOperation, bias ? [rows, weight, bias] : [rows, weight], {});
  return reshape(y, [...x.shape.slice(0, -1), n]);
}

/** (M, K), (N, K), (N)? → (M, N) */
export const linearOperation: Operation<
  [x: Tensor, weight: Tensor, bias?: Tensor],
  [y: Tensor],
  NoAttributes
> = {
  name: 'linear',
  shape: ([x, weight]) => [{ shape: [x.shape[0]!, weight.shape[0]!], dtype: 'f32' }],
  flops: ({ inputs: [x], outputs: [y] }) => 2 * y.size * extents(x.shape, 2)[1],
  gradient({ inputs: [x, weight, bias] }, [dy]) {
    const dx = matmul(dy, weight);
    const dweight = matmul(transpose(dy, 0, 1), x);
    return bias ? [dx, dweight, sum(dy, 0)] : [dx, dweight];
  },
};
