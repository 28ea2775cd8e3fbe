import { apply, type NoAttributes, type Operation, requireTensors } from '../../tensor/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Copies a view of any strides to row-major order: what is inserted where a kernel needs that. */
export const contiguousOperation: Operation<[x: Tensor], [y: Tensor], NoAttributes> = {
  name: 'contiguous',
  shape: ([x]) => [x],
  flops: () => 0,
  gradient: (_call, [dy]) => [dy],
};

/** The same values in memory of their own, row-major. */
export function contiguous(x: Tensor): Tensor {
  requireTensors('contiguous', [x]);
  return apply(contiguousOperation, [x], {})[0];
}
