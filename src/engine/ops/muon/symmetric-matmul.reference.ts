import { matmulReference } from '../matmul/matmul.reference.ts';
import type { ReferenceArray, ReferenceKernel } from '../shared/kernel.ts';
import type { PolynomialAttributes } from './symmetric-matmul.ts';

export const symmetricMatmulReference: ReferenceKernel = matmulReference;

export const symmetricPolynomialReference: ReferenceKernel<PolynomialAttributes> = (
  [a],
  [y],
  { alpha, beta, gamma },
) => {
  const r = a!.shape[1]!;
  const square: ReferenceArray = { shape: a!.shape, data: new Float64Array(a!.data.length) };
  matmulReference([a!, a!], [square], {});
  for (let i = 0; i < square.data.length; i++) {
    const row = Math.floor(i / r) % r;
    const identity = row === i % r ? alpha : 0;
    y!.data[i] = identity + beta * a!.data[i]! + gamma * square.data[i]!;
  }
};
