import { combine, dot, type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { rmsNormGradientOperation, rmsNormOperation } from './rms-norm.ts';

/** 1 / √(mean(x²) + epsilon) */
const inverseNorm = (x: Float64Array, epsilon: number): number =>
  1 / Math.sqrt(dot(x, x) / x.length + epsilon);

export const rmsNormReference: ReferenceKernel<typeof rmsNormOperation> = ([x], [y], { epsilon }) => {
  const results = rowsOf(y);
  rowsOf(x).forEach((values, row) => {
    const scale = inverseNorm(values, epsilon);
    results[row]!.set(values.map((v) => v * scale));
  });
};

export const rmsNormGradientReference: ReferenceKernel<typeof rmsNormGradientOperation> = (
  [x, dy],
  [dx],
  { epsilon },
) => {
  const [gradients, results] = [rowsOf(dy), rowsOf(dx)];
  rowsOf(x).forEach((values, row) => {
    const gradient = gradients[row]!;
    const scale = inverseNorm(values, epsilon);
    // With the normalised row n: dx = scale · (dy − n · mean(dy · n)).
    const normal = values.map((v) => v * scale);
    const meanProduct = dot(normal, gradient) / values.length;
    combine(results[row]!, gradient, normal, (g, n) => scale * (g - n * meanProduct));
  });
};
