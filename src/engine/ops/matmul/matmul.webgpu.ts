import { lastOf, sizeOf } from '../../tensor/index.ts';
import { type GpuView, headsOf, type WebGpuKernel, type WebGpuTape } from '../shared/webgpu.ts';
import type { linearOperation, matmulOperation } from './matmul.ts';

/** Tiles that a GPU wants at least, to have work for all its cores. */
const MANY_TILES = 64;

/** c = a · b (+ bias): both may have any strides, `c` is row-major. */
export function product(tape: WebGpuTape, a: GpuView, b: GpuView, c: GpuView, bias?: GpuView): void {
  const [ROWS, COLUMNS] = c.shape.slice(-2) as [number, number];
  const batches = sizeOf(c.shape.slice(0, -2));
  const [A_DOWN, A_ACROSS] = a.strides.slice(-2) as [number, number];
  const [B_DOWN, B_ACROSS] = b.strides.slice(-2) as [number, number];
  const tiles = (side: number): number => batches * Math.ceil(ROWS / side) * Math.ceil(COLUMNS / side);
  const sides = [64, 32].filter((side) => side <= tape.largestTile && tiles(side) >= MANY_TILES);
  const TILE = sides[0] ?? 16;
  tape.emit('matmul', {
    operands: { a, b, c, bias: bias ?? c },
    indices: { a: headsOf(a, 2), b: headsOf(b, 2) },
    constants: {
      ...{ TILE, ROWS, COLUMNS, TERMS: lastOf(a.shape), BIASED: bias ? 1 : 0 },
      ...{ A_DOWN, A_ACROSS, B_DOWN, B_ACROSS },
    },
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
