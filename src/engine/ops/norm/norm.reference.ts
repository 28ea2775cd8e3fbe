import { accumulate, combine, dot, type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type * as ops from './norm.ts';

const meanOf = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;

export const layerNormReference: ReferenceKernel<typeof ops.layerNormOperation> = (
  [x, weight, bias],
  [y, mean, rstd],
  { epsilon },
) => {
  const results = rowsOf(y);
  rowsOf(x).forEach((values, row) => {
    const average = meanOf(values);
    const scale = 1 / Math.sqrt(meanOf(values.map((v) => (v - average) ** 2)) + epsilon);
    mean.data[row] = average;
    rstd.data[row] = scale;
    const shift = (i: number): number => bias?.data[i] ?? 0;
    combine(results[row]!, values, weight.data, (v, w, i) => (v - average) * scale * w + shift(i));
  });
};

export const layerNormGradientReference: ReferenceKernel<typeof ops.layerNormGradientOperation> = (
  [x, weight, mean, rstd, dy],
  [dx, dweight, dbias],
) => {
  dweight.data.fill(0);
  dbias?.data.fill(0);
  const [gradients, results] = [rowsOf(dy), rowsOf(dx)];
  rowsOf(x).forEach((values, row) => {
    const gradient = gradients[row]!;
    const scale = rstd.data[row]!;
    // With the normalised row n and its gradient dn: dx = rstd · (dn − mean(dn) − n · mean(dn · n)).
    const normal = values.map((v) => (v - mean.data[row]!) * scale);
    const dnormal = gradient.map((g, i) => g * weight.data[i]!);
    const meanGradient = meanOf(dnormal);
    const meanProduct = dot(dnormal, normal) / values.length;
    combine(results[row]!, dnormal, normal, (dn, n) => scale * (dn - meanGradient - n * meanProduct));
    combine(dweight.data, gradient, normal, (g, n, i) => dweight.data[i]! + g * n);
    if (dbias) accumulate(dbias.data, 1, gradient);
  });
};

/** 1 / √(mean(x²) + epsilon) */
const inverseNorm = (x: Float64Array, epsilon: number): number =>
  1 / Math.sqrt(dot(x, x) / x.length + epsilon);

export const rmsNormReference: ReferenceKernel<typeof ops.rmsNormOperation> = ([x], [y], { epsilon }) => {
  const results = rowsOf(y);
  rowsOf(x).forEach((values, row) => {
    const scale = inverseNorm(values, epsilon);
    results[row]!.set(values.map((v) => v * scale));
  });
};

export const rmsNormGradientReference: ReferenceKernel<typeof ops.rmsNormGradientOperation> = (
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
