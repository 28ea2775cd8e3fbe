import { sizeOf } from '../../tensor/shape.ts';
import { type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { concatOperation } from './concat.ts';

export const concatReference: ReferenceKernel<typeof concatOperation> = (inputs, [y], { dim }) => {
  let start = 0;
  const rows = rowsOf(y, sizeOf(y.shape.slice(dim)));
  for (const x of inputs) {
    const width = sizeOf(x.shape.slice(dim));
    for (const [i, values] of rowsOf(x, width).entries()) rows[i]!.set(values, start);
    start += width;
  }
};
