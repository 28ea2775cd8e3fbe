import { apply, callOf, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { hasRank, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat, requireIntegers } from '../shared/operands.ts';

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

export const embeddingOperation: Operation<[weight: Tensor, indices: Tensor], [y: Tensor], NoAttributes> = {
  name: 'embedding',
  shape([weight, indices]) {
    requireFloat('embedding', weight);
    requireIntegers('embedding', { indices });
    if (!hasRank(weight.shape, 2))
      throw shapeError('embedding', 'weight must have the shape (V, C)', weight.shape);
    return [{ shape: [...indices.shape, weight.shape[1]], dtype: 'f32' }];
  },
  gradient: ({ inputs: [weight, indices] }, [dy]) =>
    apply(embeddingGradientOperation, [dy, indices], { rows: weight.shape[0]! }),
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
