import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { broadcastShapes, hasRank, lastOf, shapeError, sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { requireFloat } from '../shared/operands.ts';
import { reshape, transpose } from '../views/views.ts';

/**
 * Matrix product over the last two dimensions, (…, M, K) · (…, K, N) → (…, M, N); the leading ones
 * broadcast. A matrix on the right of a tensor of higher rank multiplies all its rows at once.
 *
 * @throws {NanobardError} code `shape` if an operand is not at least a matrix, the inner extents differ, or
 *   the leading ones do not broadcast.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  requireFloat('matmul', a, b);
  const [left, right] = [a.shape.slice(-2), b.shape.slice(-2)];
  if (!hasRank(left, 2) || !hasRank(right, 2))
    throw shapeError('matmul', 'both operands must be at least matrices', a.shape, b.shape);
  const [m, k] = left;
  const [rows, n] = right;
  if (k !== rows) {
    const problem = `the left operand has ${k} columns but the right one ${rows} rows`;
    throw shapeError('matmul', problem, a.shape, b.shape);
  }
  if (b.rank === 2 && a.rank > 2) {
    return reshape(matmul(reshape(a, [sizeOf(a.shape.slice(0, -1)), k]), b), [...a.shape.slice(0, -1), n]);
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return apply(matmulOperation, [broadcastTo(a, [...batch, m, k]), broadcastTo(b, [...batch, k, n])], {})[0];
}

/** (…, M, K) · (…, K, N) → (…, M, N); the leading extents are equal. */
export const matmulOperation: Operation<[a: Tensor, b: Tensor], [c: Tensor], NoAttributes> = {
  name: 'matmul',
  shape: ([a, b]) => [{ shape: a.shape.with(-1, lastOf(b.shape)), dtype: 'f32' }],
  flops: ({ inputs: [a], outputs: [c] }) => 2 * c.size * lastOf(a.shape),
  gradient: ({ inputs: [a, b] }, [dc]) => [
    matmul(dc, transpose(b, -2, -1)),
    matmul(transpose(a, -2, -1), dc),
  ],
};
