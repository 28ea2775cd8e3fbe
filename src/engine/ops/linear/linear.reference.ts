import { dot, type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { linearOperation } from './linear.ts';

export const linearReference: ReferenceKernel<typeof linearOperation> = ([x, weight, bias], [y]) => {
  const columns = rowsOf(weight);
  const results = rowsOf(y);
  rowsOf(x).forEach((row, i) => {
    results[i]!.set(columns.map((column, j) => dot(row, column) + (bias?.data[j] ?? 0)));
  });
};
