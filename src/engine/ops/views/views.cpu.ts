import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import { nests } from '../shared/strided.ts';
import type { concatOperation, contiguousOperation, padOperation } from './views.ts';

export const contiguousCpu: CpuKernel<typeof contiguousOperation> = {
  strided: 'all',
  lower(tape, [x], [y]) {
    for (const { addresses, extents, strides } of nests([x, y], 4))
      tape.emit('contiguous', { x: addresses[0], y: addresses[1], extents, strides: strides[0] });
  },
};

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
