import { combine, dot, type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { softmaxGradientOperation, softmaxOperation } from './softmax.ts';

export const softmaxReference: ReferenceKernel<typeof softmaxOperation> = ([x], [y]) => {
  const results = rowsOf(y);
  rowsOf(x).forEach((row, i) => {
    const largest = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((v) => Math.exp(v - largest)); // at most 1, so that nothing overflows
    const sum = powers.reduce((a, b) => a + b);
    results[i]!.set(powers.map((power) => power / sum));
  });
};

export const softmaxGradientReference: ReferenceKernel<typeof softmaxGradientOperation> = ([y, dy], [dx]) => {
  const [gradients, results] = [rowsOf(dy), rowsOf(dx)];
  rowsOf(y).forEach((row, i) => {
    const gradient = gradients[i]!;
    const mean = dot(row, gradient);
    combine(results[i]!, row, gradient, (value, g) => value * (g - mean));
  });
};
