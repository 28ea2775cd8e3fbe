import { broadcastShapes, shapeError, sizeOf } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { reshape } from '../reshape/reshape.ts';
import { requireFloat } from '../shared/operands.ts';
import { transpose } from '../transpose/transpose.ts';

/** (…, M, K) · (…, K, N) → (…, M, N); the leading extents are equal. */
export const matmulOperation: Operation<Record<string, never>> = {
  name: 'matmul',
  strided: 'all',
  flops: (node) => 2 * node.outputs[0]!.size * node.inputs[0]!.shape.at(-1)!,
  gradient(node, [dy]) {
    const [a, b] = node.inputs as [Tensor, Tensor];
    return dy ? [matmul(dy, transpose(b, -2, -1)), matmul(transpose(a, -2, -1), dy)] : [];
  },
};

/**
 * Matrix product over the last two dimensions, (…, M, K) · (…, K, N) → (…, M, N); the leading ones
 * broadcast. A matrix on the right of a tensor of higher rank multiplies all its rows at once.
 *
 * @throws {NanobardError} code `shape` if an operand is not at least a matrix, the inner extents differ, or
 *   the leading ones do not broadcast.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  requireFloat('matmul', a, b);
  if (a.rank < 2 || b.rank < 2)
    throw shapeError('matmul', 'both operands must be at least matrices', a.shape, b.shape);
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [rows, n] = b.shape.slice(-2) as [number, number];
  if (k !== rows) {
    throw shapeError(
      'matmul',
      `the left operand has ${k} columns but the right one ${rows} rows`,
      a.shape,
      b.shape,
    );
  }
  if (b.rank === 2 && a.rank > 2) {
    return reshape(matmul(reshape(a, [sizeOf(a.shape.slice(0, -1)), k]), b), [...a.shape.slice(0, -1), n]);
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = broadcastTo(a, [...batch, m, k]);
  const right = broadcastTo(b, [...batch, k, n]);
  return apply(matmulOperation, [left, right], {}, [...batch, m, n]);
}
