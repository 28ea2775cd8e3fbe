import { broadcastStrides, stridesOf } from '../../tensor/shape.ts';
import { type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { sumOperation } from './broadcast.ts';
import type { maxGradientOperation, maxOperation } from './reduce.ts';

export const sumReference: ReferenceKernel<typeof sumOperation> = ([x], [y]) => {
  const { shape } = x;
  const dense = stridesOf(shape);
  const strides = broadcastStrides(y.shape, stridesOf(y.shape), shape);
  y.data.fill(0);
  x.data.forEach((value, i) => {
    // Every element of x belongs to the sum that a stretched y shows at its place.
    const at = strides.reduce((sum, stride, d) => sum + stride * (Math.floor(i / dense[d]!) % shape[d]!), 0);
    y.data[at]! += value;
  });
};

/** Index of the first of a row's largest elements; NaN counts as larger than any number. */
function firstLargest(row: Float64Array): number {
  const missing = row.findIndex(Number.isNaN);
  return missing >= 0 ? missing : row.reduce((best, v, i) => (v > row[best]! ? i : best), 0);
}

export const maxReference: ReferenceKernel<typeof maxOperation> = ([x], [y]) => {
  rowsOf(x).forEach((row, i) => {
    y.data[i] = row[firstLargest(row)]!;
  });
};

export const maxGradientReference: ReferenceKernel<typeof maxGradientOperation> = ([x, dy], [dx]) => {
  dx.data.fill(0);
  const gradients = rowsOf(dx);
  rowsOf(x).forEach((row, i) => {
    gradients[i]![firstLargest(row)] = dy.data[i]!;
  });
};
