import { NanobardError } from '../../errors.ts';
import type { CpuLowering } from '../kernel.ts';
import { collapse } from '../strided.ts';

export const contiguousCpu: CpuLowering = (tape, [x], [y]) => {
  const loops = collapse(x!.shape, [x!, y!], 4);
  if (!loops) throw new NanobardError('shape', 'contiguous: a view with more than 4 separate strides cannot be copied');
  tape.emit('contiguous', x!.address, y!.address, ...loops.extents, ...loops.strides[0]!);
};
