import { apply, type Operation, type Tensor } from '../../tensor/index.ts';
import { requireFloat, requireNumbers } from '../shared/operands.ts';
import { newSite, requireKey } from '../shared/philox.ts';

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
  const [y] = apply(dropoutOperation, [x, key], { p, site: newSite() });
  return p === 0 ? x : y;
}

/** The gradient is the same operation, with the same site and therefore the same mask. */
export const dropoutOperation: Operation<[x: Tensor, key: Tensor], [y: Tensor], DropoutAttributes> = {
  name: 'dropout',
  site: 'site',
  shape([x, key], { p }) {
    requireFloat('dropout', x);
    requireKey('dropout', key);
    requireNumbers('dropout', 'from 0 to below 1', { p });
    return [x];
  },
  flops: ({ outputs: [y] }) => 10 * y.size,
  gradient: ({ inputs: [, key], attributes }, [dy]) => apply(dropoutOperation, [dy, key], attributes),
};
