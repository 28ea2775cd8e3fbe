import { combine, type ReferenceKernel } from '../shared/reference.ts';
import type { ArithmeticOperation } from './arithmetic.ts';

const arithmetic =
  (f: (a: number, b: number) => number): ReferenceKernel<ArithmeticOperation> =>
  ([a, b], [y]) =>
    combine(y.data, a.data, b.data, f);

export const arithmeticReferenceKernels = {
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  div: arithmetic((a, b) => a / b),
};
