import { sizeOf } from '../../tensor/shape.ts';
import type { ReferenceKernel } from '../shared/kernel.ts';

export const concatReference: ReferenceKernel<{ dim: number }> = (inputs, [y], { dim }) => {
  const outer = sizeOf(y!.shape.slice(0, dim));
  let at = 0;
  for (let i = 0; i < outer; i++) {
    for (const { shape, data } of inputs) {
      const n = sizeOf(shape.slice(dim));
      y!.data.set(data.subarray(i * n, (i + 1) * n), at);
      at += n;
    }
  }
};
