import { NanobardError } from '../../errors.ts';
import { shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * Rows of a table: y[…] = weight[indices[…]]. weight (V, C), indices i32 of any shape (…) → (…, C).
 * An index outside 0 … V − 1 gives a row of NaN, and no gradient.
 *
 * @throws {NanobardError} code `shape` if `weight` is not a matrix, `argument` if a dtype is wrong.
 */
export function embedding(weight: Tensor, indices: Tensor): Tensor {
  if (weight.rank !== 2) throw shapeError('embedding', 'weight must have the shape (V, C)', weight.shape);
  requireFloat('embedding', weight);
  if (indices.dtype !== 'i32') throw new NanobardError('argument', 'embedding: indices must be i32, not f32');
  return apply(embeddingOperation, [weight, indices], {}, [...indices.shape, weight.shape[1]!]);
}

export const embeddingOperation: Operation<Record<string, never>> = {
  name: 'embedding',
  gradient: ({ inputs }, [dy]) => [
    dy && apply(embeddingGradientOperation, [dy, inputs[1]!], {}, inputs[0]!.shape),
  ],
};

/** (dy, indices) → dweight, dense: row i is the sum of the rows of dy whose index is i. */
export const embeddingGradientOperation: Operation<Record<string, never>> = {
  name: 'embedding-gradient',
  flops: (node) => node.inputs[0]!.size + node.outputs[0]!.size,
};
