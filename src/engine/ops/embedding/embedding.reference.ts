import { type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { embeddingGradientOperation, embeddingOperation } from './embedding.ts';

export const embeddingReference: ReferenceKernel<typeof embeddingOperation> = ([weight, indices], [y]) => {
  const table = rowsOf(weight);
  const rows = rowsOf(y);
  indices.data.forEach((index, i) => {
    const row = table[index];
    if (row) rows[i]?.set(row);
    else rows[i]?.fill(Number.NaN);
  });
};

export const embeddingGradientReference: ReferenceKernel<typeof embeddingGradientOperation> = (
  [dy, indices],
  [dweight],
) => {
  dweight.data.fill(0);
  const table = rowsOf(dweight);
  rowsOf(dy).forEach((gradient, i) => {
    const row = table[indices.data[i]!];
    if (!row) return;
    gradient.forEach((value, c) => {
      row[c]! += value;
    });
  });
};
