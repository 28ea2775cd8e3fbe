import type { CpuLowering } from '../shared/kernel.ts';
import { nests } from '../shared/strided.ts';

export const contiguousCpu: CpuLowering = (tape, [x], [y]) => {
  for (const { addresses, extents, strides } of nests([x!, y!], 4)) {
    tape.emit('contiguous', ...addresses, ...extents, ...strides[0]!);
  }
};
