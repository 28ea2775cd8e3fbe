import { combine, type ReferenceKernel } from '../shared/reference.ts';
import type { ArithmeticOperation, maskedFillOperation, PointwiseOperation } from './elementwise.ts';
import { erf } from './erf.ts';

const ofOne =
  (f: (x: number) => number): ReferenceKernel<PointwiseOperation> =>
  ([x], [y]) =>
    y.data.set(x.data.map(f));

const ofTwo =
  (f: (a: number, b: number) => number): ReferenceKernel<ArithmeticOperation> =>
  ([a, b], [y]) =>
    combine(y.data, a.data, b.data, f);

/** Φ, the distribution function of the standard normal, and its density. */
const phi = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

export const elementwiseReferenceKernels = {
  add: ofTwo((a, b) => a + b),
  sub: ofTwo((a, b) => a - b),
  mul: ofTwo((a, b) => a * b),
  div: ofTwo((a, b) => a / b),
  neg: ofOne((x) => -x),
  exp: ofOne(Math.exp),
  log: ofOne(Math.log),
  sqrt: ofOne(Math.sqrt),
  tanh: ofOne(Math.tanh),
  relu: ofOne((x) => Math.max(x, 0)),
  'relu-gradient': ofTwo((x, dy) => (x > 0 ? dy : 0)),
  'relu-squared': ofOne((x) => Math.max(x, 0) ** 2),
  'relu-squared-gradient': ofTwo((x, dy) => 2 * Math.max(x, 0) * dy),
  gelu: ofOne((x) => x * phi(x)),
  'gelu-gradient': ofTwo((x, dy) => dy * (phi(x) + x * density(x))),
  sigmoid: ofOne((x) => 1 / (1 + Math.exp(-x))),
  square: ofOne((x) => x * x),
};

export const maskedFillReference: ReferenceKernel<typeof maskedFillOperation> = (
  [x, mask],
  [y],
  { value },
) => {
  combine(y.data, x.data, mask.data, (v, hidden) => (hidden === 0 ? v : value));
};
