import { lastOf, sizeOf } from '../../tensor/shape.ts';
import { type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { matmulOperation } from './matmul.ts';

export const matmulReference: ReferenceKernel<typeof matmulOperation> = ([a, b], [c]) => {
  const [m, k] = [sizeOf(a.shape.slice(-2, -1)), lastOf(a.shape)];
  const factors = rowsOf(b);
  c.data.fill(0);
  const results = rowsOf(c);
  rowsOf(a).forEach((row, i) => {
    const sums = results[i];
    const first = Math.floor(i / m) * k; // row of b with which its matrix begins
    row.forEach((x, p) => {
      factors[first + p]!.forEach((value, j) => {
        sums![j]! += x * value;
      });
    });
  });
};
