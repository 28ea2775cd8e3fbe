import { sizeOf } from '../../tensor/shape.ts';
import { type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { padOperation } from './pad.ts';

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
