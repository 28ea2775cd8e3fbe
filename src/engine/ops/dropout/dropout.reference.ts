import { dropMask } from '../shared/philox.ts';
import type { ReferenceKernel } from '../shared/reference.ts';
import type { dropoutOperation } from './dropout.ts';

export const dropoutReference: ReferenceKernel<typeof dropoutOperation> = ([x, key], [y], { p, site }) => {
  for (let i = 0; i < x.data.length; i += 4) {
    const mask = dropMask(i / 4, 0, site, key.data, p);
    const kept = x.data.subarray(i, i + 4).map((value, j) => value * mask[j]!);
    y.data.set(kept, i);
  }
};
