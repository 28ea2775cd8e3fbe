import { combine, type ReferenceKernel } from '../shared/reference.ts';
import type { maskedFillOperation } from './masked-fill.ts';

export const maskedFillReference: ReferenceKernel<typeof maskedFillOperation> = (
  [x, mask],
  [y],
  { value },
) => {
  combine(y.data, x.data, mask.data, (v, hidden) => (hidden === 0 ? v : value));
};
