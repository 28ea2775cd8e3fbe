import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { broadcastShapes, extents, hasRank, lastOf, shapeError, sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { sum } from '../reduce/reduce.ts';
import { requireFloat, requireWeight } from '../shared/operands.ts';
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

/**
 * x · Wᵀ + b over the last dimension: (…, K) → (…, N).
 *
 * @param weight (N, K), one row for each output, as in PyTorch; of the type q8 it has no gradient, and the CPU rounds x to
 *   16 bits or so
 * @param bias (N)
 * @throws {NanobardError} code `shape` if the extents do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  requireFloat('linear', x, ...(bias ? [bias] : []));
  requireWeight('linear', weight);
  const k = x.shape.at(-1);
  if (!hasRank(weight.shape, 2) || k !== weight.shape[1]) {
    throw shapeError('linear', `the weight must be (outputs, ${k ?? 'inputs'})`, x.shape, weight.shape);
  }
  const [n] = weight.shape;
  if (bias && bias.shape.join() !== `${n}`) {
    throw shapeError('linear', `the bias must be (${n})`, weight.shape, bias.shape);
  }
  const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), k]);
  const alone = x.rank > 2 && x.shape.at(-2) === 1;
  const [y] = apply(linearOperation, bias ? [rows, weight, bias] : [rows, weight], { alone });
  return reshape(y, [...x.shape.slice(0, -1), n]);
}

/**
 * (M, K), (N, K), (N)? → (M, N). If `alone`, each row is a sequence's only one, as in decoding: to the last bit what it
 * would be if M were 1.
 */
export const linearOperation: Operation<
  [x: Tensor, weight: Tensor, bias?: Tensor],
  [y: Tensor],
  { readonly alone: boolean }
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
