import { sizeOf } from '../../tensor/shape.ts';
import { each, type GpuView, rowsOf, type WebGpuKernel, type WebGpuTape } from '../shared/webgpu.ts';
import { fillZero } from '../views/views.webgpu.ts';
import type { sumOperation } from './broadcast.ts';
import type { maxGradientOperation, maxOperation } from './reduce.ts';

/** Terms that are added together; sums of blocks are then added likewise. */
const MOST_TERMS = { rows: 4096, columns: 64 } as const;

/** y (outer, inner) ← the sums of x (outer, terms, inner) over terms. */
export function sumTerms(
  tape: WebGpuTape,
  x: GpuView,
  y: GpuView,
  outer: number,
  terms: number,
  inner: number,
): void {
  if (terms === 0) {
    fillZero(tape, y);
    return;
  }
  const BLOCK = inner === 1 ? MOST_TERMS.rows : MOST_TERMS.columns;
  const BLOCKS = Math.ceil(terms / BLOCK);
  const N = outer * BLOCKS * inner;
  const to = BLOCKS === 1 ? y : tape.scratch(N);
  const constants = { TERMS: terms, BLOCK, BLOCKS };
  if (inner === 1) {
    const threads = tape.rowThreads(Math.min(terms, BLOCK));
    tape.emit('sumRows', { operands: { x, y: to }, constants, groups: N, threads });
  } else {
    tape.emit('sumColumns', {
      operands: { x, y: to },
      constants: { ...constants, N, INNER: inner },
      ...each(N),
    });
  }
  if (BLOCKS > 1) sumTerms(tape, to, y, outer, BLOCKS, inner);
}

export const sumWebGpu: WebGpuKernel<typeof sumOperation> = {
  lower(tape, [x], [y]) {
    const start = x.shape.findIndex((extent, d) => extent !== y.shape[d]);
    let end = x.shape.length;
    while (end > start && x.shape[end - 1] === y.shape[end - 1]) end--;
    const [outer, terms, inner] = [
      x.shape.slice(0, start),
      x.shape.slice(start, end),
      x.shape.slice(end),
    ].map(sizeOf);
    sumTerms(tape, x, y, outer!, terms!, inner!);
  },
};

export const maxWebGpu: WebGpuKernel<typeof maxOperation> = {
  lower(tape, [x], [y]) {
    const constants = rowsOf(x);
    tape.emit('largest', { operands: { x, y }, constants, ...each(constants.ROWS) });
  },
};

export const maxGradientWebGpu: WebGpuKernel<typeof maxGradientOperation> = {
  lower(tape, [x, dy], [dx]) {
    const constants = rowsOf(x);
    tape.emit('largestGradient', { operands: { x, dy, dx }, constants, ...each(constants.ROWS) });
  },
};
