import { lastOf } from '../../tensor/shape.ts';
import { matmulReference } from '../matmul/matmul.reference.ts';
import { combine, type ReferenceArray, type ReferenceKernel } from '../shared/reference.ts';
import type { symmetricMatmulOperation, symmetricPolynomialOperation } from './symmetric-matmul.ts';

export const symmetricMatmulReference: ReferenceKernel<typeof symmetricMatmulOperation> = matmulReference;

export const symmetricPolynomialReference: ReferenceKernel<typeof symmetricPolynomialOperation> = (
  [a],
  [y],
  { alpha, beta, gamma },
) => {
  const r = lastOf(a.shape);
  const square: ReferenceArray = { shape: a.shape, data: new Float64Array(a.data.length) };
  matmulReference([a, a], [square], {});
  combine(y.data, a.data, square.data, (value, squared, i) => {
    const identity = Math.floor(i / r) % r === i % r ? alpha : 0;
    return identity + beta * value + gamma * squared;
  });
};
