import { apply, type Operation } from '../../tensor/operation.ts';
import { hasRank, sameShape, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat, requireIntegers, requireNumbers, requireShape } from '../shared/operands.ts';

/** What one update reads. */
export interface RowAdaGradOperands {
  /** Rows that are looked up, (R, C). */
  readonly table: Tensor;
  /** For each row the sum of its gradients' mean squares so far, (R). */
  readonly squares: Tensor;
  /** Gradients of looked-up rows, (…, C). */
  readonly gradient: Tensor;
  /** Which row each of them belongs to, i32 (…). */
  readonly indices: Tensor;
  /** Scalar. */
  readonly learningRate: Tensor;
}

export type RowAdaGradAttributes = { readonly epsilon: number };

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
