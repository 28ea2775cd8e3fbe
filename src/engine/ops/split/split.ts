import { NanobardError } from '../../errors.ts';
import { normalizeDim } from '../../tensor/shape.ts';
import { Node, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { concat } from '../concat/concat.ts';
import { scalar } from '../constant/constant.ts';
import { broadcastTo } from '../reduce/broadcast.ts';

/**
 * Cuts `x` along dimension `dim` into slices of `size` (the last may be smaller), as torch.split does. No
 * memory moves.
 *
 * @throws {NanobardError} code `argument` if `size` is not a positive integer.
 */
export function split(x: Tensor, size: number, dim = 0): readonly Tensor[] {
  if (!Number.isInteger(size) || size < 1) {
    throw new NanobardError('argument', `split: the size of a slice must be a positive integer, not ${size}`);
  }
  const d = normalizeDim('split', dim, x.rank);
  const extent = x.shape[d]!;
  const outputs = Array.from({ length: Math.ceil(extent / size) }, (_, i) => ({
    shape: x.shape.with(d, Math.min(size, extent - i * size)),
    dtype: x.dtype,
  }));
  return new Node(splitOperation, [x], { dim: d, size }, outputs).outputs;
}

export const splitOperation: Operation<{ dim: number; size: number }> = {
  name: 'split',
  gradient: ({ outputs, attributes: { dim } }, gradients) => [
    concat(
      outputs.map(({ shape }, i) => gradients[i] ?? broadcastTo(scalar(0), shape)),
      dim,
    ),
  ],
  view: ({ outputs, attributes: { dim, size } }, input, index) => ({
    shape: outputs[index]!.shape,
    strides: input.strides,
    offset: input.offset + index * size * input.strides[dim]!,
  }),
};
