import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering } from '../shared/kernel.ts';

export const concatCpu: CpuLowering<{ dim: number }> = (tape, inputs, [y], { dim }) => {
  const outer = sizeOf(y!.shape.slice(0, dim));
  const width = sizeOf(y!.shape.slice(dim));
  let to = y!.address;
  for (const x of inputs) {
    const n = sizeOf(x.shape.slice(dim));
    tape.emit('concat', x.address, to, outer, n, width);
    to += 4 * n;
  }
};
