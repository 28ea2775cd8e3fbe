import { NanobardError } from '../../errors.ts';
import { sameShape, shapeError } from '../../tensor/shape.ts';
import { Node, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/** Keeps the divisor from 0 where a gradient is zero, as in Keller Jordan's code. */
export const EPSILON = 1e-7;

/** What `muonMomentum` reads: scalars. */
export interface MomentumOperands {
  readonly momentum: Tensor;
  /** Multiplies the gradients first, to clip them. */
  readonly gradientScale: Tensor;
}

/**
 * Nesterov momentum for k matrices of one shape (r, c), in the form of Keller Jordan's code:
 * m ← μ · m + (1 − μ) · g, and the direction (1 − μ) · g + μ · m of each, stacked to (k, r, c). A device
 * computes the new means in place when they are assigned to the variables that they come from.
 *
 * @throws {NanobardError} code `shape` if shapes differ, `argument` if there is no matrix or one is not f32.
 */
export function muonMomentum(
  moments: readonly Tensor[],
  gradients: readonly Tensor[],
  operands: MomentumOperands,
): { moments: readonly Tensor[]; directions: Tensor } {
  const shape = matrixShape('muonMomentum', [...moments, ...gradients]);
  const { momentum, gradientScale } = operands;
  requireScalars('muonMomentum', { momentum, gradientScale });
  const count = moments.length;
  if (gradients.length !== count)
    throw new NanobardError('argument', `muonMomentum: ${count} means but ${gradients.length} gradients`);
  const types = moments.map(() => ({ shape, dtype: 'f32' }) as const);
  const { outputs } = new Node(
    { ...muonMomentumOperation, inPlace: upTo(count) },
    [...moments, ...gradients, momentum, gradientScale],
    {},
    [...types, { shape: [count, ...shape], dtype: 'f32' }],
  );
  return { moments: outputs.slice(0, count), directions: outputs[count]! };
}

/**
 * Gram matrices (k, r, r), from as many stacks as there are, in one stack (N, r, r) and divided by their traces,
 * and for each the scale 1 / (‖X‖ + 10⁻⁷) that does the same to the matrix X that it was made from: the trace of
 * X · Xᵀ is ‖X‖² (Frobenius).
 *
 * @throws {NanobardError} code `shape` unless all are square and of one size, `argument` if there is none.
 */
export function normalizeGrams(grams: readonly Tensor[]): { grams: Tensor; scales: Tensor } {
  const [head] = grams;
  if (!head) throw new NanobardError('argument', 'normalizeGrams: needs at least one tensor');
  requireFloat('normalizeGrams', ...grams);
  const r = head.shape[1]!;
  for (const { shape } of grams) {
    if (shape.length === 3 && shape[1] === r && shape[2] === r) continue;
    throw shapeError('normalizeGrams', 'needs square matrices of one size', head.shape, shape);
  }
  const count = grams.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const { outputs } = new Node(normalizeGramsOperation, grams, {}, [
    { shape: [count, r, r], dtype: 'f32' },
    { shape: [count], dtype: 'f32' },
  ]);
  return { grams: outputs[0]!, scales: outputs[1]! };
}

export type MuonUpdateAttributes = {
  /** Share of the parameter, times the learning rate, that the update takes away. */
  readonly weightDecay: number;
  /** Multiplies the learning rate. */
  readonly factor: number;
};

/** What `muonUpdate` reads beside the parameters. */
export interface MuonUpdateOperands {
  /** (k, r, c) */
  readonly directions: Tensor;
  /** (k): multiplies each direction. */
  readonly scales: Tensor;
  /** Scalar. */
  readonly learningRate: Tensor;
}

/**
 * k parameters of one shape (r, c) after a step: (1 − η · weightDecay) · parameter − η · factor · scale ·
 * direction, which a device computes in place when they are assigned to the variables that they come from.
 *
 * @throws {NanobardError} code `shape` if shapes differ, `argument` if there is no matrix or one is not f32.
 */
export function muonUpdate(
  parameters: readonly Tensor[],
  operands: MuonUpdateOperands,
  attributes: MuonUpdateAttributes,
): readonly Tensor[] {
  const shape = matrixShape('muonUpdate', parameters);
  const { directions, scales, learningRate } = operands;
  const count = parameters.length;
  requireFloat('muonUpdate', directions, scales);
  requireScalars('muonUpdate', { learningRate });
  if (!sameShape(directions.shape, [count, ...shape])) {
    throw shapeError('muonUpdate', `needs ${count} directions`, directions.shape, shape);
  }
  if (!sameShape(scales.shape, [count]))
    throw shapeError('muonUpdate', `needs ${count} scales`, scales.shape);
  return new Node(
    { ...muonUpdateOperation, inPlace: upTo(count) },
    [...parameters, directions, scales, learningRate],
    attributes,
    parameters.map(() => ({ shape, dtype: 'f32' })),
  ).outputs;
}

/** The shape of all of these matrices. */
function matrixShape(op: string, matrices: readonly Tensor[]): readonly number[] {
  const [head] = matrices;
  if (!head) throw new NanobardError('argument', `${op}: needs at least one matrix`);
  requireFloat(op, ...matrices);
  for (const { shape } of matrices) {
    if (shape.length === 2 && sameShape(shape, head.shape)) continue;
    throw shapeError(op, 'needs matrices of one shape', head.shape, shape);
  }
  return head.shape;
}

function requireScalars(op: string, scalars: Readonly<Record<string, Tensor>>): void {
  requireFloat(op, ...Object.values(scalars));
  for (const [name, { shape }] of Object.entries(scalars)) {
    if (shape.length > 0) throw shapeError(op, `${name} must be a scalar`, shape);
  }
}

/** 0 … n − 1: the first n outputs overwrite the inputs in the same places. */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** (m₁ … mₖ, g₁ … gₖ, momentum, gradientScale) → (m₁ … mₖ, directions) */
export const muonMomentumOperation: Operation<Record<string, never>> = {
  name: 'muon-momentum',
  flops: ({ outputs }) => 5 * outputs.at(-1)!.size,
};

/** stacks of Gram matrices → (one stack, scales) */
export const normalizeGramsOperation: Operation<Record<string, never>> = { name: 'normalize-grams' };

/** (parameter₁ … parameterₖ, directions, scales, learningRate) → (parameter₁ … parameterₖ) */
export const muonUpdateOperation: Operation<MuonUpdateAttributes> = {
  name: 'muon-update',
  flops: ({ outputs }) => 3 * outputs.length * outputs[0]!.size,
};
