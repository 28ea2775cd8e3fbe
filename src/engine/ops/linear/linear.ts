import { shapeError, sizeOf } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { matmul } from '../matmul/matmul.ts';
import { sum } from '../reduce/reduce.ts';
import { reshape } from '../reshape/reshape.ts';
import { requireFloat } from '../shared/operands.ts';
import { transpose } from '../transpose/transpose.ts';

/** (M, K), (N, K), (N)? → (M, N) */
export const linearOperation: Operation<Record<string, never>> = {
  name: 'linear',
  flops: (node) => 2 * node.outputs[0]!.size * node.inputs[0]!.shape[1]!,
  gradient(node, [dy]) {
    const [x, weight, bias] = node.inputs as [Tensor, Tensor, Tensor?];
    if (!dy) return [];
    const dx = matmul(dy, weight);
    const dweight = matmul(transpose(dy, 0, 1), x);
    return bias ? [dx, dweight, sum(dy, 0)] : [dx, dweight];
  },
};

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
  if (k === undefined || weight.rank !== 2 || k !== weight.shape[1]) {
    throw shapeError('linear', `the weight must be (outputs, ${k ?? 'inputs'})`, x.shape, weight.shape);
  }
  const n = weight.shape[0]!;
  if (bias && (bias.rank !== 1 || bias.shape[0] !== n)) {
    throw shapeError('linear', `the bias must be (${n})`, weight.shape, bias.shape);
  }
  const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), k]);
  const y = apply(linearOperation, bias ? [rows, weight, bias] : [rows, weight], {}, [rows.shape[0]!, n]);
  return reshape(y, [...x.shape.slice(0, -1), n]);
}
