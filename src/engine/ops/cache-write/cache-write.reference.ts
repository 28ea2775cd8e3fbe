import { extents } from '../../tensor/shape.ts';
import { positionOf, type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { cacheWriteOperation } from './cache-write.ts';

export const cacheWriteReference: ReferenceKernel<typeof cacheWriteOperation> = (
  [cache, update, position],
  [y],
) => {
  const [, T] = extents(cache.shape, 3);
  const [, t] = extents(update.shape, 3);
  y.data.set(cache.data);
  const rows = rowsOf(y);
  rowsOf(update).forEach((values, i) => {
    const b = Math.floor(i / t);
    const row = positionOf(position, b) + (i % t);
    if (row >= 0 && row < T) rows[b * T + row]!.set(values);
  });
};
