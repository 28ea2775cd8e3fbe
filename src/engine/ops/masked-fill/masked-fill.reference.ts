import type { ReferenceKernel } from '../shared/kernel.ts';

export const maskedFillReference: ReferenceKernel<{ value: number }> = ([x, mask], [y], { value }) => {
  for (let i = 0; i < x!.data.length; i++) y!.data[i] = mask!.data[i] === 0 ? x!.data[i]! : value;
};
