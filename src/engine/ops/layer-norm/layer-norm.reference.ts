import type { ReferenceKernel } from '../shared/kernel.ts';

export const layerNormReference: ReferenceKernel<{ epsilon: number }> = (
  [x, weight, bias],
  [y, mean, rstd],
  { epsilon },
) => {
  const width = weight!.data.length;
  for (let row = 0; row < mean!.data.length; row++) {
    const values = x!.data.subarray(row * width, (row + 1) * width);
    const average = values.reduce((sum, v) => sum + v, 0) / width;
    const variance = values.reduce((sum, v) => sum + (v - average) ** 2, 0) / width;
    mean!.data[row] = average;
    rstd!.data[row] = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < width; i++) {
      const normal = (values[i]! - average) * rstd!.data[row]!;
      y!.data[row * width + i] = normal * weight!.data[i]! + (bias?.data[i] ?? 0);
    }
  }
};

export const layerNormGradientReference: ReferenceKernel = (
  [x, weight, mean, rstd, dy],
  [dx, dweight, dbias],
) => {
  const width = weight!.data.length;
  dweight!.data.fill(0);
  dbias?.data.fill(0);
  for (let row = 0; row < mean!.data.length; row++) {
    const at = (i: number): number => row * width + i;
    // With the normalised row n and its gradient dn: dx = rstd · (dn − mean(dn) − n · mean(dn · n)).
    const normal = (i: number): number => (x!.data[at(i)]! - mean!.data[row]!) * rstd!.data[row]!;
    const dnormal = (i: number): number => dy!.data[at(i)]! * weight!.data[i]!;
    let meanGradient = 0;
    let meanProduct = 0;
    for (let i = 0; i < width; i++) {
      meanGradient += dnormal(i) / width;
      meanProduct += (dnormal(i) * normal(i)) / width;
      dweight!.data[i]! += dy!.data[at(i)]! * normal(i);
      if (dbias) dbias.data[i]! += dy!.data[at(i)]!;
    }
    for (let i = 0; i < width; i++) {
      dx!.data[at(i)] = rstd!.data[row]! * (dnormal(i) - meanGradient - normal(i) * meanProduct);
    }
  }
};
