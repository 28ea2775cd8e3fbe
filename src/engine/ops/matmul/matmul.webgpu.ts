import { lastOf, sizeOf } from '../../tensor/index.ts';
import { sumTerms } from '../reduce/reduce.webgpu.ts';
import { MANY_TILES, tilesOf } from '../shared/tile.ts';
import { type GpuView, headsOf, type WebGpuKernel, type WebGpuTape } from '../shared/webgpu.ts';
import type { linearOperation, matmulOperation } from './matmul.ts';

/** A sum of many terms for few results, as a weight's gradient is, is cut into at most so many parts of so many terms. */
const PARTS = 16;
const PART_TERMS = 256;

/**
 * Into how many equal parts the terms of a product are cut, which are summed by themselves and then added. The shape
 * alone decides, so that the result is the same on every adapter.
 */
function partsOf(rows: number, columns: number, terms: number): number {
  if (Math.ceil(rows / 64) * Math.ceil(columns / 64) >= 2 * MANY_TILES) return 1;
  const most = Math.min(PARTS, Math.floor(terms / PART_TERMS));
  for (let parts = most; parts > 1; parts--) if (terms % parts === 0) return parts;
  return 1;
}

/** The matrix cut along dimension `dim` into a stack of `parts` matrices. */
function cut({ shape, strides, ...place }: GpuView, dim: 0 | 1, parts: number): GpuView {
  const extent = shape[dim]! / parts;
  return {
    ...place,
    shape: [parts, ...shape.with(dim, extent)],
    strides: [extent * strides[dim]!, ...strides],
  };
}

/** c = a · b (+ bias): both may have any strides, `c` is row-major. */
export function product(tape: WebGpuTape, a: GpuView, b: GpuView, c: GpuView, bias?: GpuView): void {
  const parts = c.shape.length === 2 && !bias ? partsOf(c.shape[0]!, c.shape[1]!, lastOf(a.shape)) : 1;
  if (parts === 1) {
    tiles(tape, a, b, c, bias);
    return;
  }
  const size = sizeOf(c.shape);
  const sums = { ...tape.scratch(parts * size), shape: [parts, ...c.shape], strides: [size, ...c.strides] };
  tiles(tape, cut(a, 1, parts), cut(b, 0, parts), sums);
  sumTerms(tape, sums, c, 1, parts, size);
}

function tiles(tape: WebGpuTape, a: GpuView, b: GpuView, c: GpuView, bias?: GpuView): void {
  const [rows, columns] = c.shape.slice(-2) as [number, number];
  const batches = sizeOf(c.shape.slice(0, -2));
  const terms = lastOf(a.shape);
  const [downA, acrossA] = a.strides.slice(-2) as [number, number];
  const [downB, acrossB] = b.strides.slice(-2) as [number, number];
  const [aByColumns, bByColumns] = [downA === 1, downB === 1];
  const tile = tape.tileFor({ batches, rows, columns, terms, aByColumns, bByColumns });
  const sizes = tape.table(Int32Array.of(rows, columns, terms, downA, acrossA, downB, acrossB));
  tape.emit('matmul', {
    operands: { a, b, c, bias: bias ?? c, sizes },
    indices: { a: headsOf(a, 2), b: headsOf(b, 2) },
    constants: {
      ...{ TILE_ROWS: tile.rows, TILE_COLUMNS: tile.columns, THREAD_ROWS: tile.threadRows },
      ...{
        BIASED: Number(bias !== undefined),
        A_BY_COLUMNS: Number(aByColumns),
        B_BY_COLUMNS: Number(bByColumns),
      },
    },
    groups: tilesOf(tile, { batches, rows, columns }),
    threads: (tile.rows / tile.threadRows) * (tile.columns / 4),
  });
}

export const matmulWebGpu: WebGpuKernel<typeof matmulOperation> = {
  strided: 'all',
  lower: (tape, [a, b], [c]) => product(tape, a, b, c),
};

/** The matrix seen with its dimensions exchanged. */
function transposed(view: GpuView): GpuView {
  return { ...view, shape: view.shape.toReversed(), strides: view.strides.toReversed() };
}

export const linearWebGpu: WebGpuKernel<typeof linearOperation> = {
  strided: [0, 1],
  lower: (tape, [x, weight, bias], [y]) => product(tape, x, transposed(weight), y, bias),
};
