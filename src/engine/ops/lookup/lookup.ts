// Tables of which rows are looked up: reading them, hashing to them, updating them.

import { NanobardError } from '../../errors.ts';
import { Constant } from '../../tensor/constant.ts';
import { apply, callOf, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { hasRank, sameShape, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  requireFloat,
  requireIntegers,
  requireNumbers,
  requirePosition,
  requireShape,
  requireWeight,
} from '../shared/operands.ts';

/**
 * Rows of a table: y[…] = weight[indices[…]]. weight (V, C), indices i32 of any shape (…) → (…, C).
 * An index outside 0 … V − 1 gives a row of NaN, and no gradient.
 *
 * @throws {NanobardError} code `shape` if `weight` is not a matrix, `argument` if a dtype is wrong.
 */
export function embedding(weight: Tensor, indices: Tensor): Tensor {
  return apply(embeddingOperation, [weight, indices], {})[0];
}

/**
 * What `grad` gives for a table (V, C) that one `embedding` looks up, before it is spread over the table: the
 * gradient of each row that was looked up, (…, C), and the indices of these rows, i32 (…). Undefined for gradients
 * of any other kind.
 */
export function rowGradients(gradient: Tensor): { gradient: Tensor; indices: Tensor } | undefined {
  const call = callOf(embeddingGradientOperation, gradient);
  return call && { gradient: call.inputs[0], indices: call.inputs[1] };
}

/** The dense gradient (rows, C) of a table, of which `rowGradients` gives back the operands. */
export function tableGradient(gradient: Tensor, indices: Tensor, rows: number): Tensor {
  return apply(embeddingGradientOperation, [gradient, indices], { rows })[0];
}

export const embeddingOperation: Operation<[weight: Tensor, indices: Tensor], [y: Tensor], NoAttributes> = {
  name: 'embedding',
  shape([weight, indices]) {
    requireWeight('embedding', weight);
    requireIntegers('embedding', { indices });
    if (!hasRank(weight.shape, 2))
      throw shapeError('embedding', 'weight must have the shape (V, C)', weight.shape);
    return [{ shape: [...indices.shape, weight.shape[1]], dtype: 'f32' }];
  },
  gradient: ({ inputs: [weight, indices] }, [dy]) => [tableGradient(dy, indices, weight.shape[0]!)],
};

/** dweight, dense: row i is the sum of the rows of dy whose index is i. */
export const embeddingGradientOperation: Operation<
  [dy: Tensor, indices: Tensor],
  [dweight: Tensor],
  { readonly rows: number }
> = {
  name: 'embedding-gradient',
  shape: ([dy], { rows }) => [{ shape: [rows, dy.shape.at(-1)!], dtype: 'f32' }],
  flops: ({ inputs: [dy], outputs: [dweight] }) => dy.size + dweight.size,
};

export interface NgramOptions {
  /** How many tokens each hash covers: the one at its place and those before it. */
  readonly order: number;
  /** Number of rows of the table that the hashes point into. */
  readonly rows: number;
  /** The place of the first hash, an i32 scalar or (B), one for each sequence; 0 by default. */
  readonly position?: Tensor | undefined;
  /** How many places are hashed; by default as many as `ids` has. */
  readonly length?: number;
}

export type NgramAttributes = { readonly order: number; readonly rows: number; readonly length: number };

/**
 * A row of a table for each place of a sequence and the `order` − 1 tokens before it, by hashing: i32 ids
 * (B, S) → i32 (B, length) in 0 … rows − 1. Row t stands for the place p = position + t and sees ids[p],
 * ids[p − 1], …, ids[p − order + 1]; places outside 0 … S − 1 count as the token −1. Looked up with
 * `embedding`, the rows of different n-grams are mostly different; those that collide share a row.
 *
 * The hash is part of what a saved model means. All in 32-bit integers, with shifts that fill with zeros:
 *
 *     h ← 0
 *     for each token, the one at p first:
 *       h ← (h ^ (token + 1)) · 0x9e3779b1
 *       h ← h ^ (h >> 15)
 *     h ← (h ^ (h >> 16)) · 0x85ebca6b
 *     h ← (h ^ (h >> 13)) · 0xc2b2ae35
 *     h ← h ^ (h >> 16)
 *     row = h mod rows, h taken as unsigned
 *
 * The last steps are MurmurHash3's finalizer (Appleby, 2011).
 *
 * @throws {NanobardError} code `shape` if `ids` is not (B, S), `argument` if a dtype is wrong or a number is
 *   not one that counts.
 */
export function ngram(ids: Tensor, options: NgramOptions): Tensor {
  requireIntegers('ngram', { ids });
  if (typeof options !== 'object' || !options)
    throw new NanobardError('argument', 'ngram: needs options, { order, rows }');
  const { order, rows, position = new Constant(Int32Array.of(0), []), length = ids.shape[1] ?? 0 } = options;
  return apply(ngramOperation, [ids, position], { order, rows, length })[0];
}

export const ngramOperation: Operation<[ids: Tensor, position: Tensor], [rows: Tensor], NgramAttributes> = {
  name: 'ngram',
  shape([ids, position], { order, rows, length }) {
    if (!hasRank(ids.shape, 2)) throw shapeError('ngram', 'ids must have the shape (B, S)', ids.shape);
    requirePosition('ngram', 'position', position, ids.shape[0]);
    requireNumbers('ngram', 'an integer from 1 to 2^31 − 1', { order, rows });
    requireNumbers('ngram', 'an integer from 0 to 2^31 − 1', { length });
    return [{ shape: [ids.shape[0], length], dtype: 'i32' }];
  },
  flops: ({ outputs: [rows], attributes: { order } }) => 5 * order * rows.size,
};

type RowAdaGradOperands = Readonly<
  Record<'table' | 'squares' | 'gradient' | 'indices' | 'learningRate', Tensor>
>;

type RowAdaGradAttributes = { readonly epsilon: number };

/**
 * One update by AdaGrad of the rows of a table that a batch has looked up: the new table and squares, which a
 * device computes in place when they are assigned to the variables that they come from. For each row r that
 * occurs in `indices`, with g the sum of the gradients whose index is r:
 *
 *     squares[r] ← squares[r] + mean(g²)
 *     table[r] ← table[r] − learningRate · g / (√squares[r] + ε)
 *
 * Other rows stay as they are and cost nothing in place, so that a table may be as large as memory allows.
 * An index outside 0 … R − 1 is ignored. ε is 1e-10 by default.
 *
 * @param operands The table, (R, C); for each row the sum of its gradients' mean squares so far, (R); gradients of
 *   looked-up rows, (…, C), and which row each of them belongs to, i32 (…); the learning rate, a scalar.
 * Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011,
 * with one accumulator per row, as in Lerer et al., "PyTorch-BigGraph: A Large-scale Graph Embedding System",
 * 2019.
 *
 * @throws {NanobardError} code `shape` if an operand has another shape than it must, `argument` if another dtype
 *   or ε is below 0.
 */
export function rowAdaGrad(
  { table, squares, gradient, indices, learningRate }: RowAdaGradOperands,
  { epsilon = 1e-10 }: Partial<RowAdaGradAttributes> = {},
): { table: Tensor; squares: Tensor } {
  const operands = [table, squares, gradient, indices, learningRate] as const;
  const [newTable, newSquares] = apply(rowAdagradOperation, operands, { epsilon });
  return { table: newTable, squares: newSquares };
}

export const rowAdagradOperation: Operation<
  readonly [table: Tensor, squares: Tensor, gradient: Tensor, indices: Tensor, learningRate: Tensor],
  [table: Tensor, squares: Tensor],
  RowAdaGradAttributes
> = {
  name: 'row-adagrad',
  shape([table, squares, gradient, indices, learningRate], { epsilon }) {
    requireFloat('rowAdaGrad', table, squares, gradient, learningRate);
    requireIntegers('rowAdaGrad', { indices });
    if (!hasRank(table.shape, 2))
      throw shapeError('rowAdaGrad', 'the table must have the shape (R, C)', table.shape);
    const [R, C] = table.shape;
    if (!sameShape(squares.shape, [R]))
      throw shapeError('rowAdaGrad', 'squares must have one element per row', table.shape, squares.shape);
    if (!sameShape(gradient.shape, [...indices.shape, C])) {
      const problem = 'the gradient must have a row of the table for each index';
      throw shapeError('rowAdaGrad', problem, table.shape, gradient.shape, indices.shape);
    }
    requireShape('rowAdaGrad', [], { learningRate });
    requireNumbers('rowAdaGrad', 'at least 0', { epsilon });
    return [table, squares];
  },
  flops: ({ inputs: [, , gradient] }) => 5 * gradient.size,
};
