import type { ReferenceKernel } from '../shared/kernel.ts';
import { dropMask } from '../shared/philox.ts';
import type { DropoutAttributes } from './dropout.ts';

export const dropoutReference: ReferenceKernel<DropoutAttributes> = ([x, key], [y], { p, site }) => {
  for (let i = 0; i < x!.data.length; i += 4) {
    const mask = dropMask(i / 4, 0, site, key!.data, p);
    for (let j = i; j < Math.min(i + 4, x!.data.length); j++) y!.data[j] = x!.data[j]! * mask[j - i]!;
  }
};
