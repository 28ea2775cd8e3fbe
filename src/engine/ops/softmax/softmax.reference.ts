import type { ReferenceKernel } from '../shared/kernel.ts';

export const softmaxReference: ReferenceKernel = ([x], [y]) => {
  const n = x!.shape.at(-1)!;
  for (let start = 0; start < x!.data.length; start += n) {
    const row = x!.data.subarray(start, start + n);
    const largest = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((v) => Math.exp(v - largest)); // at most 1, so that nothing overflows
    const sum = powers.reduce((a, b) => a + b);
    y!.data.set(
      powers.map((power) => power / sum),
      start,
    );
  }
};

export const softmaxGradientReference: ReferenceKernel = ([y, dy], [dx]) => {
  const n = y!.shape.at(-1)!;
  for (let start = 0; start < y!.data.length; start += n) {
    let dot = 0;
    for (let i = start; i < start + n; i++) dot += y!.data[i]! * dy!.data[i]!;
    for (let i = start; i < start + n; i++) dx!.data[i] = y!.data[i]! * (dy!.data[i]! - dot);
  }
};
