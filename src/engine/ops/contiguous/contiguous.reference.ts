import type { ReferenceKernel } from '../shared/kernel.ts';

export const contiguousReference: ReferenceKernel = ([x], [y]) => {
  y!.data.set(x!.data);
};
