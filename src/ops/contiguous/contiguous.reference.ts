import type { ReferenceKernel } from '../kernel.ts';

export const contiguousReference: ReferenceKernel = ([x], [y]) => {
  y!.data.set(x!.data);
};
