import { type ReferenceKernel, scalarOf } from '../shared/reference.ts';
import type { clipScaleOperation, globalNormOperation, unscaleOperation } from './global-norm.ts';

export const globalNormReference: ReferenceKernel<typeof globalNormOperation> = (tensors, [norm]) => {
  let squares = 0;
  for (const { data } of tensors) for (const x of data) squares += x ** 2;
  norm.data[0] = Math.sqrt(squares);
};

export const clipScaleReference: ReferenceKernel<typeof clipScaleOperation> = (
  [norm],
  [scale],
  { maxNorm },
) => {
  scale.data[0] = Math.min(1, maxNorm / (scalarOf(norm) + 1e-6));
};

export const unscaleReference: ReferenceKernel<typeof unscaleOperation> = (
  [factor, norm, ...gradients],
  results,
) => {
  const finite = Number.isFinite(scalarOf(norm));
  for (const [i, { data }] of results.entries())
    data.set(gradients[i]!.data.map((x) => (finite ? x * scalarOf(factor) : 0)));
};
