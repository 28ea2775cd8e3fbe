import type { ReferenceKernel } from '../shared/reference.ts';
import type { contiguousOperation } from './contiguous.ts';

export const contiguousReference: ReferenceKernel<typeof contiguousOperation> = ([x], [y]) => {
  y.data.set(x.data);
};
