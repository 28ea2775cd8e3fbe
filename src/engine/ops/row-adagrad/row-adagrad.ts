import { NanobardError } from '../../errors.ts';
import { sameShape, shapeError } from '../../tensor/shape.ts';
import { Node, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

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
 * @throws {NanobardError} code `shape` if an operand has another shape than it must, `argument` if another dtype.
 */
export function rowAdaGrad(
  operands: RowAdaGradOperands,
  { epsilon = 1e-10 }: Partial<RowAdaGradAttributes> = {},
): { table: Tensor; squares: Tensor } {
  const { table, squares, gradient, indices, learningRate } = operands;
  const [R, C] = table.shape;
  if (table.rank !== 2) throw shapeError('rowAdaGrad', 'the table must have the shape (R, C)', table.shape);
  if (!sameShape(squares.shape, [R!])) {
    throw shapeError('rowAdaGrad', 'squares must have one element per row', table.shape, squares.shape);
  }
  if (!sameShape(gradient.shape, [...indices.shape, C!])) {
    const problem = 'the gradient must have a row of the table for each index';
    throw shapeError('rowAdaGrad', problem, table.shape, gradient.shape, indices.shape);
  }
  if (learningRate.rank > 0) {
    throw shapeError('rowAdaGrad', 'learningRate must be a scalar', learningRate.shape);
  }
  requireFloat('rowAdaGrad', table, squares, gradient, learningRate);
  if (indices.dtype !== 'i32')
    throw new NanobardError('argument', 'rowAdaGrad: indices must be i32, not f32');
  const inputs = [table, squares, gradient, indices, learningRate];
  const { outputs } = new Node(rowAdaGradOperation, inputs, { epsilon }, [table, squares]);
  return { table: outputs[0]!, squares: outputs[1]! };
}

/** (table, squares, gradient, indices, learningRate) → (table, squares) */
export const rowAdaGradOperation: Operation<RowAdaGradAttributes> = {
  name: 'row-adagrad',
  flops: (node) => 5 * node.inputs[2]!.size,
  inPlace: [0, 1],
};
