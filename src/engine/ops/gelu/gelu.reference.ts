import { erf } from '../shared/erf.ts';
import type { ReferenceKernel } from '../shared/kernel.ts';

/** Φ, the distribution function of the standard normal. */
const phi = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));

export const geluReference: ReferenceKernel = ([x], [y]) => {
  for (let i = 0; i < x!.data.length; i++) y!.data[i] = x!.data[i]! * phi(x!.data[i]!);
};

export const geluGradientReference: ReferenceKernel = ([x, dy], [dx]) => {
  for (let i = 0; i < x!.data.length; i++) {
    const z = x!.data[i]!;
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    dx!.data[i] = dy!.data[i]! * (phi(z) + z * density);
  }
};
