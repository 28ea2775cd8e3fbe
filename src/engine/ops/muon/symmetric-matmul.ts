import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { extents, hasRank, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat, requireNumbers } from '../shared/operands.ts';

/**
 * Products that are known to be symmetric, (N, R, K) · (N, K, R) → (N, R, R): X · Xᵀ, or two polynomials in
 * the same symmetric matrix. Half the work of `matmul`: what lies below the diagonal is copied from above it.
 *
 * @throws {NanobardError} code `shape` unless the operands are stacks of matrices whose product is square.
 */
export function symmetricMatmul(a: Tensor, b: Tensor): Tensor {
  return apply(symmetricMatmulOperation, [a, b], {})[0];
}

export const symmetricMatmulOperation: Operation<[a: Tensor, b: Tensor], [c: Tensor], NoAttributes> = {
  name: 'symmetric-matmul',
  shape([a, b]) {
    requireFloat('symmetricMatmul', a, b);
    const [n, r, k] = a.shape;
    if (!hasRank(a.shape, 3) || b.shape.join() !== [n, k, r].join())
      throw shapeError('symmetricMatmul', 'needs matrices (N, R, K) and (N, K, R)', a.shape, b.shape);
    return [{ shape: a.shape.with(2, a.shape[1]), dtype: 'f32' }];
  },
  flops: ({ inputs: [a] }) => symmetricFlops(a),
};

export type PolynomialAttributes = { readonly alpha: number; readonly beta: number; readonly gamma: number };

/**
 * α · I + β · A + γ · A² for each of the symmetric matrices A (N, R, R).
 *
 * @throws {NanobardError} code `shape` unless `a` holds square matrices, `argument` unless the coefficients are numbers.
 */
export function symmetricPolynomial(a: Tensor, { alpha, beta, gamma }: PolynomialAttributes): Tensor {
  return apply(symmetricPolynomialOperation, [a], { alpha, beta, gamma })[0];
}

export const symmetricPolynomialOperation: Operation<[a: Tensor], [y: Tensor], PolynomialAttributes> = {
  name: 'symmetric-polynomial',
  shape([a], { alpha, beta, gamma }) {
    requireFloat('symmetricPolynomial', a);
    requireNumbers('symmetricPolynomial', 'a finite number', { alpha, beta, gamma });
    if (a.rank !== 3 || a.shape[1] !== a.shape[2])
      throw shapeError('symmetricPolynomial', 'needs square matrices (N, R, R)', a.shape);
    return [a];
  },
  flops: ({ inputs: [a] }) => symmetricFlops(a),
};

function symmetricFlops(a: Tensor): number {
  const [n, r, k] = extents(a.shape, 3);
  return n * r * (r + 1) * k;
}
