import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { concatOperation } from './concat.ts';

export const concatCpu: CpuKernel<typeof concatOperation> = {
  lower(tape, inputs, [y], { dim }) {
    const rows = sizeOf(y.shape.slice(0, dim));
    const width = sizeOf(y.shape.slice(dim));
    let to = y.address;
    for (const x of inputs) {
      const n = sizeOf(x.shape.slice(dim));
      tape.emit('concat', { x, y: to, rows, n, width });
      to += 4 * n;
    }
  },
};
