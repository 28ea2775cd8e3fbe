import { lastOf, sizeOf } from '../../tensor/index.ts';
import { type GpuView, headsOf, type WebGpuKernel, type WebGpuTape } from '../shared/webgpu.ts';
import type { linearOperation, matmulOperation } from './matmul.ts';

/** Tiles that a GPU wants at least, to have work for all its cores. */
const MANY_TILES = 64;

/** c = a · b (+ bias): both may have any strides, `c` is row-major. */
export function product(tape: WebGpuTape, a: GpuView, b: GpuView, c: GpuView, bias?: GpuView): void {
  const [rows, columns] = c.shape.slice(-2) as [number, number];
  const batches = sizeOf(c.shape.slice(0, -2));
  const [downA, acrossA] = a.strides.slice(-2) as [number, number];
  const [downB, acrossB] = b.strides.slice(-2) as [number, number];
  const tiles = (side: number): number => batches * Math.ceil(rows / side) * Math.ceil(columns / side);
  const TILE = [64, 32].find((side) => side <= tape.largestTile && tiles(side) >= MANY_TILES) ?? 16;
  const sizes = tape.table(Int32Array.of(rows, columns, lastOf(a.shape), downA, acrossA, downB, acrossB));
  const byColumns = { A_BY_COLUMNS: downA === 1 ? 1 : 0, B_BY_COLUMNS: downB === 1 ? 1 : 0 };
  tape.emit('matmul', {
    operands: { a, b, c, bias: bias ?? c, sizes },
    indices: { a: headsOf(a, 2), b: headsOf(b, 2) },
    constants: { TILE, BIASED: bias ? 1 : 0, ...byColumns },
    groups: tiles(TILE),
    threads: (TILE / 4) ** 2,
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
