import { lastOf, sizeOf } from '../../tensor/shape.ts';
import { accumulate, dot, type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { linearOperation, matmulOperation } from './matmul.ts';

export const matmulReference: ReferenceKernel<typeof matmulOperation> = ([a, b], [c]) => {
  const [m, k] = [sizeOf(a.shape.slice(-2, -1)), lastOf(a.shape)];
  const factors = rowsOf(b);
  c.data.fill(0);
  const results = rowsOf(c);
  rowsOf(a).forEach((row, i) => {
    const first = Math.floor(i / m) * k; // row of b with which its matrix begins
    row.forEach((x, p) => void accumulate(results[i]!, x, factors[first + p]!));
  });
};

export const linearReference: ReferenceKernel<typeof linearOperation> = ([x, weight, bias], [y]) => {
  const columns = rowsOf(weight);
  const results = rowsOf(y);
  rowsOf(x).forEach((row, i) => {
    results[i]!.set(columns.map((column, j) => dot(row, column) + (bias?.data[j] ?? 0)));
  });
};
