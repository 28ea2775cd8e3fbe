import { broadcastStrides, stridesOf } from '../../tensor/shape.ts';
import type { ReferenceKernel } from '../shared/kernel.ts';

export const sumReference: ReferenceKernel = ([x], [y]) => {
  const { shape } = x!;
  const dense = stridesOf(shape);
  const strides = broadcastStrides(y!.shape, stridesOf(y!.shape), shape);
  y!.data.fill(0);
  for (let i = 0; i < x!.data.length; i++) {
    // Every element of x belongs to the sum that a stretched y shows at its place.
    const at = strides.reduce((sum, stride, d) => sum + stride * (Math.floor(i / dense[d]!) % shape[d]!), 0);
    y!.data[at]! += x!.data[i]!;
  }
};
