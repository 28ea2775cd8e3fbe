import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { padOperation } from './pad.ts';

export const padCpu: CpuKernel<typeof padOperation> = {
  lower(tape, [x], [y], { dim, before, value }) {
    const rows = sizeOf(x.shape.slice(0, dim));
    const inner = sizeOf(x.shape.slice(dim + 1));
    const [from, to] = [x.shape[dim]!, y.shape[dim]!];
    const cut = Math.min(Math.max(0, -before), from);
    const start = Math.min(Math.max(0, before), to); // of what comes from x
    const end = Math.max(start, Math.min(to, before + from));
    tape.emit('pad', {
      x: x.address + 4 * cut * inner,
      y,
      rows,
      start: start * inner,
      end: end * inner,
      n: from * inner,
      width: to * inner,
      value,
      integers: x.dtype === 'i32' ? 1 : 0,
    });
  },
};
