import { sizeOf } from '../../tensor/shape.ts';
import type { ReferenceKernel } from '../kernel.ts';

export const padReference: ReferenceKernel<{ dim: number; before: number }> = ([x], [y], { dim, before }) => {
  const outer = sizeOf(x!.shape.slice(0, dim));
  const inner = sizeOf(x!.shape.slice(dim + 1));
  const narrow = x!.shape[dim]! * inner;
  const wide = y!.shape[dim]! * inner;
  y!.data.fill(0);
  for (let i = 0; i < outer; i++) {
    y!.data.set(x!.data.subarray(i * narrow, (i + 1) * narrow), i * wide + before * inner);
  }
};
