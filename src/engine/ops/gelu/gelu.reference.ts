import { erf } from '../shared/erf.ts';
import { combine, type ReferenceKernel } from '../shared/reference.ts';
import type { geluGradientOperation, geluOperation } from './gelu.ts';

/** Φ, the distribution function of the standard normal. */
const phi = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));

export const geluReference: ReferenceKernel<typeof geluOperation> = ([x], [y]) => {
  y.data.set(x.data.map((v) => v * phi(v)));
};

export const geluGradientReference: ReferenceKernel<typeof geluGradientOperation> = ([x, dy], [dx]) => {
  combine(dx.data, x.data, dy.data, (v, gradient) => {
    const density = Math.exp(-0.5 * v * v) / Math.sqrt(2 * Math.PI);
    return gradient * (phi(v) + v * density);
  });
};
