import { shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * Products that are known to be symmetric, (N, R, K) · (N, K, R) → (N, R, R): X · Xᵀ, or two polynomials in
 * the same symmetric matrix. Half the work of `matmul`: what lies below the diagonal is copied from above it.
 *
 * @throws {NanobardError} code `shape` unless the operands are stacks of matrices whose product is square.
 */
export function symmetricMatmul(a: Tensor, b: Tensor): Tensor {
  requireFloat('symmetricMatmul', a, b);
  const [n, r, k] = a.shape as [number, number, number];
  if (a.rank !== 3 || b.rank !== 3 || b.shape[0] !== n || b.shape[1] !== k || b.shape[2] !== r) {
    throw shapeError('symmetricMatmul', 'needs matrices (N, R, K) and (N, K, R)', a.shape, b.shape);
  }
  return apply(symmetricMatmulOperation, [a, b], {}, [n, r, r]);
}

export type PolynomialAttributes = { readonly alpha: number; readonly beta: number; readonly gamma: number };

/**
 * α · I + β · A + γ · A² for each of the symmetric matrices A (N, R, R).
 *
 * @throws {NanobardError} code `shape` unless `a` holds square matrices.
 */
export function symmetricPolynomial(a: Tensor, attributes: PolynomialAttributes): Tensor {
  requireFloat('symmetricPolynomial', a);
  if (a.rank !== 3 || a.shape[1] !== a.shape[2])
    throw shapeError('symmetricPolynomial', 'needs square matrices (N, R, R)', a.shape);
  return apply(symmetricPolynomialOperation, [a], attributes, a.shape);
}

const flops: Operation['flops'] = ({ inputs: [a] }) => {
  const [n, r, k] = a!.shape as [number, number, number];
  return n * r * (r + 1) * k;
};

/** (a, b) → a · b */
export const symmetricMatmulOperation: Operation<Record<string, never>> = {
  name: 'symmetric-matmul',
  strided: 'all',
  flops,
};

/** a → α · I + β · a + γ · a² */
export const symmetricPolynomialOperation: Operation<PolynomialAttributes> = {
  name: 'symmetric-polynomial',
  flops,
};
