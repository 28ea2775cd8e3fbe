import { NanobardError } from '../../errors.ts';
import { apply, normalizeDim, type Operation, requireTensors, type Tensor } from '../../tensor/index.ts';
import { scalar } from '../constant/constant.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { concat } from './views.ts';

/**
 * Cuts `x` along dimension `dim` into slices of `size` (the last may be smaller), as torch.split does. No
 * memory moves.
 *
 * @throws {NanobardError} code `argument` if `size` is not a positive integer.
 */
export function split(x: Tensor, size: number, dim = 0): readonly Tensor[] {
  requireTensors('split', [x]);
  if (!Number.isInteger(size) || size < 1) {
    throw new NanobardError('argument', `split: the size of a slice must be a positive integer, not ${size}`);
  }
  return apply(splitOperation, [x], { dim: normalizeDim('split', dim, x.rank), size });
}

export const splitOperation: Operation<
  [x: Tensor],
  readonly Tensor[],
  { readonly dim: number; readonly size: number }
> = {
  name: 'split',
  shape([x], { dim, size }) {
    const extent = x.shape[dim]!;
    return Array.from({ length: Math.ceil(extent / size) }, (_, i) => ({
      shape: x.shape.with(dim, Math.min(size, extent - i * size)),
      dtype: x.dtype,
    }));
  },
  gradient({ outputs, attributes: { dim } }, gradients) {
    const parts = outputs.map(({ shape }, i) => gradients[i] ?? broadcastTo(scalar(0), shape));
    return [concat(parts, dim)];
  },
  view: ({ attributes: { dim, size } }, { strides, offset }, { index }) => ({
    strides,
    offset: offset + index * size * strides[dim]!,
  }),
};
