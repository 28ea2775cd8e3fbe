import type { ReferenceKernel } from '../shared/kernel.ts';

const rowsOf = (data: Float64Array, width: number): Float64Array[] =>
  Array.from({ length: data.length / width }, (_, row) => data.subarray(row * width, (row + 1) * width));

/** 1 / √(mean(x²) + epsilon) */
const inverseNorm = (x: Float64Array, epsilon: number): number =>
  1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length + epsilon);

export const rmsNormReference: ReferenceKernel<{ epsilon: number }> = ([x], [y], { epsilon }) => {
  const width = x!.shape.at(-1)!;
  rowsOf(x!.data, width).forEach((values, row) => {
    const scale = inverseNorm(values, epsilon);
    for (let i = 0; i < width; i++) y!.data[row * width + i] = values[i]! * scale;
  });
};

export const rmsNormGradientReference: ReferenceKernel<{ epsilon: number }> = (
  [x, dy],
  [dx],
  { epsilon },
) => {
  const width = x!.shape.at(-1)!;
  const gradients = rowsOf(dy!.data, width);
  rowsOf(x!.data, width).forEach((values, row) => {
    const scale = inverseNorm(values, epsilon);
    const gradient = gradients[row]!;
    // With the normalised row n: dx = scale · (dy − n · mean(dy · n)).
    const normal = values.map((v) => v * scale);
    const meanProduct = normal.reduce((sum, n, i) => sum + n * gradient[i]!, 0) / width;
    for (let i = 0; i < width; i++)
      dx!.data[row * width + i] = scale * (gradient[i]! - normal[i]! * meanProduct);
  });
};
