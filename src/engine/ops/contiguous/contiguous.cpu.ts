import type { CpuKernel } from '../shared/kernel.ts';
import { nests } from '../shared/strided.ts';
import type { contiguousOperation } from './contiguous.ts';

export const contiguousCpu: CpuKernel<typeof contiguousOperation> = {
  strided: 'all',
  lower(tape, [x], [y]) {
    for (const { addresses, extents, strides } of nests([x, y], 4))
      tape.emit('contiguous', { x: addresses[0], y: addresses[1], extents, strides: strides[0] });
  },
};
