import { NanobardError } from '../../errors.ts';
import { sameShape, shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { requireFloat } from '../shared/operands.ts';
import { newSite } from '../shared/philox.ts';

export type DropoutAttributes = { readonly p: number; readonly site: number };

/**
 * Sets each element to 0 with probability `p` and multiplies the others by 1 / (1 − p); p = 0 gives back `x`.
 * Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
 *
 * `key`, i32 (3), holds the two halves of the seed and the number of the step. The mask is a function of
 * them, of the place of this call in the program and of the element's index alone (`dropMask`): the same on
 * every device, for every thread count, and drawn again for the gradient instead of stored.
 *
 * @throws {NanobardError} code `argument` unless 0 ≤ p < 1, `shape` if the key is not of 3 integers.
 */
export function dropout(x: Tensor, p: number, key: Tensor): Tensor {
  if (!(p >= 0 && Math.fround(p) < 1))
    throw new NanobardError('argument', `dropout: p must be from 0 to below 1, not ${p}`);
  requireFloat('dropout', x);
  if (!sameShape(key.shape, [3]) || key.dtype !== 'i32') {
    throw shapeError('dropout', 'key must be i32 (3): seed low, seed high, step', key.shape);
  }
  return p === 0 ? x : apply(dropoutOperation, [x, key], { p, site: newSite() }, x.shape);
}

/** (x, key) → y. The gradient is the same operation, with the same site and therefore the same mask. */
export const dropoutOperation: Operation<DropoutAttributes> = {
  name: 'dropout',
  flops: (node) => 10 * node.outputs[0]!.size,
  gradient: ({ inputs, attributes }, [dy]) => [
    dy && apply(dropoutOperation, [dy, inputs[1]!], attributes, dy.shape),
  ],
};
