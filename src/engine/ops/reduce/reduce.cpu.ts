import { sizeOf } from '../../tensor/shape.ts';
import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import type { sumOperation } from './broadcast.ts';
import type { maxGradientOperation, maxOperation } from './reduce.ts';

/** Terms that are added one after another; sums of blocks are then added likewise. */
const BLOCK = { rows: 512, columns: 64 } as const;

export const sumCpu: CpuKernel<typeof sumOperation> = {
  /** x is (outer, terms, inner), y (outer, inner). */
  lower(tape, [x], [y]) {
    const start = x.shape.findIndex((extent, d) => extent !== y.shape[d]);
    let end = x.shape.length;
    while (end > start && x.shape[end - 1] === y.shape[end - 1]) end--;
    const outer = sizeOf(x.shape.slice(0, start));
    const inner = sizeOf(x.shape.slice(end));
    const block = inner === 1 ? BLOCK.rows : BLOCK.columns;
    let from = x.address;
    let terms = sizeOf(x.shape.slice(start, end));
    for (;;) {
      const blocks = Math.max(1, Math.ceil(terms / block));
      const to = blocks === 1 ? y.address : tape.scratch(outer * blocks * inner);
      if (inner === 1) tape.emit('sumRows', { x: from, y: to, outer, terms, blocks, block });
      else tape.emit('sumColumns', { x: from, y: to, outer, terms, inner, blocks, block });
      if (blocks === 1) return;
      from = to;
      terms = blocks;
    }
  },
};

export const maxCpu: CpuKernel<typeof maxOperation> = {
  lower: (tape, [x], [y]) => tape.emit('max', { x, y, ...rowsOf(x) }),
};

export const maxGradientCpu: CpuKernel<typeof maxGradientOperation> = {
  lower: (tape, [x, dy], [dx]) => tape.emit('maxGradient', { x, dy, dx, ...rowsOf(x) }),
};
