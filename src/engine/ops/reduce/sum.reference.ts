import { broadcastStrides, stridesOf } from '../../tensor/shape.ts';
import type { ReferenceKernel } from '../shared/reference.ts';
import type { sumOperation } from './broadcast.ts';

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
