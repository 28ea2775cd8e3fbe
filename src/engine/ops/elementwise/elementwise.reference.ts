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

/** The logistic function of 2u(x), which is (1 + tanh u) / 2; and the slope of 2u. GELU by tanh is x times the first. */
const ROOT = Math.sqrt(8 / Math.PI);
const gate = (x: number): number => 1 / (1 + Math.exp(-ROOT * (x + 0.044715 * x ** 3)));
const slope = (x: number): number => ROOT * (1 + 3 * 0.044715 * x * x);

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
  'gelu-tanh': ofOne((x) => x * gate(x)),
  'gelu-tanh-gradient': ofTwo((x, dy) => dy * (gate(x) + x * gate(x) * gate(-x) * slope(x))),
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
