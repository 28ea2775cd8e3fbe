import { sizeOf } from '../../tensor/shape.ts';
import type { ReferenceKernel } from '../shared/kernel.ts';

export const padReference: ReferenceKernel<{ dim: number; before: number; value: number }> = (
  [x],
  [y],
  { dim, before, value },
) => {
  const outer = sizeOf(x!.shape.slice(0, dim));
  const inner = sizeOf(x!.shape.slice(dim + 1));
  const [from, to] = [x!.shape[dim]!, y!.shape[dim]!];
  y!.data.fill(value);
  for (let i = 0; i < outer; i++) {
    for (let j = Math.max(0, before); j < Math.min(to, before + from); j++) {
      const start = (i * from + j - before) * inner;
      y!.data.set(x!.data.subarray(start, start + inner), (i * to + j) * inner);
    }
  }
};
