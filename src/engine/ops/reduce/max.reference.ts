import type { ReferenceKernel } from '../shared/kernel.ts';

/** Index of the first of a row's largest elements; NaN counts as larger than any number. */
function firstLargest(row: Float64Array): number {
  const missing = row.findIndex(Number.isNaN);
  return missing >= 0 ? missing : row.reduce((best, v, i) => (v > row[best]! ? i : best), 0);
}

export const maxReference: ReferenceKernel = ([x], [y]) => {
  const n = x!.shape.at(-1)!;
  for (let i = 0; i < y!.data.length; i++) {
    const row = x!.data.subarray(i * n, (i + 1) * n);
    y!.data[i] = row[firstLargest(row)]!;
  }
};

export const maxGradientReference: ReferenceKernel = ([x, dy], [dx]) => {
  const n = x!.shape.at(-1)!;
  dx!.data.fill(0);
  for (let i = 0; i < dy!.data.length; i++) {
    dx!.data[i * n + firstLargest(x!.data.subarray(i * n, (i + 1) * n))] = dy!.data[i]!;
  }
};
