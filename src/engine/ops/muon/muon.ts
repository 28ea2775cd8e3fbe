// The parts of Muon's step.
import { NanobardError } from '../../errors.ts';
import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { extents, hasRank, type Shape, sameShape, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat, requireNumbers, requireShape } from '../shared/operands.ts';

/** Keeps the divisor from 0 where a gradient is zero, as in Keller Jordan's code. */
export const EPSILON = 1e-7;

/**
 * Nesterov momentum for k matrices of one shape (r, c), in the form of Keller Jordan's code:
 * m ← μ · m + (1 − μ) · g, and the direction (1 − μ) · g + μ · m of each, stacked to (k, r, c); `gradientScale`, a
 * scalar as `momentum` is, multiplies the gradients first, to clip them. A device computes the new means in place
 * when they are assigned to the variables that they come from.
 *
 * @throws {NanobardError} code `shape` if shapes differ, `argument` if there is no matrix or one is not f32.
 */
export function muonMomentum(
  moments: readonly Tensor[],
  gradients: readonly Tensor[],
  { momentum, gradientScale }: Readonly<Record<'momentum' | 'gradientScale', Tensor>>,
): { moments: readonly Tensor[]; directions: Tensor } {
  matrixShape('muonMomentum', [...moments, ...gradients]);
  const count = moments.length;
  if (gradients.length !== count)
    throw new NanobardError('argument', `muonMomentum: ${count} means but ${gradients.length} gradients`);
  const operands = [momentum, gradientScale, ...moments, ...gradients] as const;
  const [directions, ...means] = apply(muonMomentumOperation, operands, {});
  return { moments: means, directions };
}

/** Matrices are as many moments and as many gradients. */
export const muonMomentumOperation: Operation<
  readonly [momentum: Tensor, gradientScale: Tensor, ...matrices: Tensor[]],
  [directions: Tensor, ...moments: Tensor[]],
  NoAttributes
> = {
  name: 'muon-momentum',
  shape([momentum, gradientScale, ...matrices]) {
    requireFloat('muonMomentum', momentum, gradientScale);
    requireShape('muonMomentum', [], { momentum, gradientScale });
    const moments = matrices.slice(0, matrices.length / 2);
    const shape = [moments.length, ...matrixShape('muonMomentum', matrices)];
    return [{ shape, dtype: 'f32' }, ...moments];
  },
  flops: ({ outputs: [directions] }) => 5 * directions.size,
};

/**
 * Gram matrices (k, r, r), from as many stacks as there are, in one stack (N, r, r) and divided by their traces,
 * and for each the scale 1 / (‖X‖ + 10⁻⁷) that does the same to the matrix X that it was made from: the trace of
 * X · Xᵀ is ‖X‖² (Frobenius).
 *
 * @throws {NanobardError} code `shape` unless all are square and of one size, `argument` if there is none.
 */
export function normalizeGrams(stacks: readonly Tensor[]): { grams: Tensor; scales: Tensor } {
  const [grams, scales] = apply(normalizeGramsOperation, stacks, {});
  return { grams, scales };
}

export const normalizeGramsOperation: Operation<
  readonly Tensor[],
  [grams: Tensor, scales: Tensor],
  NoAttributes
> = {
  name: 'normalize-grams',
  shape(stacks) {
    const [head] = stacks;
    if (!head) throw new NanobardError('argument', 'normalizeGrams: needs at least one tensor');
    requireFloat('normalizeGrams', ...stacks);
    let [count, r] = [0, head.shape[1]];
    for (const { shape } of stacks) {
      if (!hasRank(shape, 3) || shape[1] !== r || shape[2] !== r)
        throw shapeError('normalizeGrams', 'needs square matrices of one size', head.shape, shape);
      [count, r] = [count + shape[0], shape[1]];
    }
    return [
      { shape: [count, r ?? 0, r ?? 0], dtype: 'f32' },
      { shape: [count], dtype: 'f32' },
    ];
  },
};

type MuonUpdateAttributes = {
  /** Share of the parameter, times the learning rate, that the update takes away. */
  readonly weightDecay: number;
  /** Multiplies the learning rate. */
  readonly factor: number;
};

/**
 * k parameters of one shape (r, c) after a step: (1 − η · weightDecay) · parameter − η · factor · scale ·
 * direction, with directions (k, r, c), a scale for each (k), and η the learning rate, a scalar. A device computes
 * them in place when they are assigned to the variables that they come from.
 *
 * @throws {NanobardError} code `shape` if shapes differ, `argument` if there is no matrix, one is not f32 or an
 *   attribute is out of range.
 */
export function muonUpdate(
  parameters: readonly Tensor[],
  { directions, scales, learningRate }: Readonly<Record<'directions' | 'scales' | 'learningRate', Tensor>>,
  { weightDecay, factor }: MuonUpdateAttributes,
): readonly Tensor[] {
  const operands = [directions, scales, learningRate, ...parameters] as const;
  return apply(muonUpdateOperation, operands, { weightDecay, factor });
}

export const muonUpdateOperation: Operation<
  readonly [directions: Tensor, scales: Tensor, learningRate: Tensor, ...parameters: Tensor[]],
  readonly Tensor[],
  MuonUpdateAttributes
> = {
  name: 'muon-update',
  shape([directions, scales, learningRate, ...parameters], { weightDecay, factor }) {
    const shape = matrixShape('muonUpdate', parameters);
    const count = parameters.length;
    requireFloat('muonUpdate', directions, scales, learningRate);
    requireShape('muonUpdate', [], { learningRate });
    requireNumbers('muonUpdate', 'at least 0', { weightDecay, factor });
    if (!sameShape(directions.shape, [count, ...shape]))
      throw shapeError('muonUpdate', `needs ${count} directions`, directions.shape, shape);
    if (!sameShape(scales.shape, [count]))
      throw shapeError('muonUpdate', `needs ${count} scales`, scales.shape);
    return parameters;
  },
  flops: ({ inputs: [directions] }) => 3 * directions.size,
};

/** The shape of all of these matrices. */
function matrixShape(op: string, matrices: readonly Tensor[]): Shape {
  const [head] = matrices;
  if (!head) throw new NanobardError('argument', `${op}: needs at least one matrix`);
  requireFloat(op, ...matrices);
  for (const { shape } of matrices) {
    if (hasRank(shape, 2) && sameShape(shape, head.shape)) continue;
    throw shapeError(op, 'needs matrices of one shape', head.shape, shape);
  }
  return head.shape;
}

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
