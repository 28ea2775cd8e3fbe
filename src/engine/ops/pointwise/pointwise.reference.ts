import { combine, type ReferenceKernel } from '../shared/reference.ts';
import type { PointwiseGradientOperation, PointwiseOperation } from './pointwise.ts';

const map =
  (f: (x: number) => number): ReferenceKernel<PointwiseOperation> =>
  ([x], [y]) =>
    y.data.set(x.data.map(f));

const gradient =
  (f: (x: number, dy: number) => number): ReferenceKernel<PointwiseGradientOperation> =>
  ([x, dy], [dx]) =>
    combine(dx.data, x.data, dy.data, f);

export const pointwiseReferenceKernels = {
  neg: map((x) => -x),
  exp: map(Math.exp),
  log: map(Math.log),
  sqrt: map(Math.sqrt),
  tanh: map(Math.tanh),
  relu: map((x) => Math.max(x, 0)),
  'relu-gradient': gradient((x, dy) => (x > 0 ? dy : 0)),
  'relu-squared': map((x) => Math.max(x, 0) ** 2),
  'relu-squared-gradient': gradient((x, dy) => 2 * Math.max(x, 0) * dy),
  sigmoid: map((x) => 1 / (1 + Math.exp(-x))),
  square: map((x) => x * x),
};
