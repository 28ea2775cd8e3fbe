import { sizeOf } from '../../tensor/shape.ts';
import { type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { concatOperation, contiguousOperation, padOperation } from './views.ts';

export const contiguousReference: ReferenceKernel<typeof contiguousOperation> = ([x], [y]) => {
  y.data.set(x.data);
};

export const padReference: ReferenceKernel<typeof padOperation> = ([x], [y], { dim, before, value }) => {
  const inner = sizeOf(x.shape.slice(dim + 1));
  y.data.fill(value);
  const results = rowsOf(y, sizeOf(y.shape.slice(dim)));
  rowsOf(x, sizeOf(x.shape.slice(dim))).forEach((values, i) => {
    const kept = values.subarray(Math.max(0, -before) * inner);
    const place = results[i]?.subarray(Math.max(0, before) * inner);
    place?.set(kept.subarray(0, place.length));
  });
};

export const concatReference: ReferenceKernel<typeof concatOperation> = (inputs, [y], { dim }) => {
  let start = 0;
  const rows = rowsOf(y, sizeOf(y.shape.slice(dim)));
  for (const x of inputs) {
    const width = sizeOf(x.shape.slice(dim));
    for (const [i, values] of rowsOf(x, width).entries()) rows[i]!.set(values, start);
    start += width;
  }
};
