import { erf } from '../shared/erf.ts';
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

/** Φ, the distribution function of the standard normal, and its density. */
const phi = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

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
  gelu: map((x) => x * phi(x)),
  'gelu-gradient': gradient((x, dy) => dy * (phi(x) + x * density(x))),
  sigmoid: map((x) => 1 / (1 + Math.exp(-x))),
  square: map((x) => x * x),
};
