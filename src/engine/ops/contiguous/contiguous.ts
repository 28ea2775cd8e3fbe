import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';

/** Copies a view of any strides to row-major order. `compile` inserts it where a kernel needs that. */
export const contiguousOperation: Operation<Record<string, never>> = {
  name: 'contiguous',
  strided: 'all',
  flops: () => 0,
  gradient: (_node, [gradient]) => [gradient],
};

/** The same values in memory of their own, row-major. */
export function contiguous(x: Tensor): Tensor {
  return apply(contiguousOperation, [x], {}, x.shape, x.dtype);
}
