import type { ReferenceKernel } from '../shared/kernel.ts';

export const globalNormReference: ReferenceKernel = (tensors, [norm]) => {
  let squares = 0;
  for (const { data } of tensors) for (const x of data) squares += x ** 2;
  norm!.data[0] = Math.sqrt(squares);
};

export const clipScaleReference: ReferenceKernel<{ maxNorm: number }> = ([norm], [scale], { maxNorm }) => {
  scale!.data[0] = Math.min(1, maxNorm / (norm!.data[0]! + 1e-6));
};
