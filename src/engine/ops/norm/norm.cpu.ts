import type { Operation } from '../../tensor/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CpuKernel, type CpuTape, type CpuView, rowsOf } from '../shared/kernel.ts';
import { headsOf, nests } from '../shared/strided.ts';
import type * as ops from './norm.ts';

export const layerNormCpu: CpuKernel<typeof ops.layerNormOperation> = {
  lower: (tape, [x, weight, bias], [y, mean, rstd], attributes) =>
    tape.emit('layerNorm', { x, weight, bias: bias ?? 0, y, mean, rstd, ...rowsOf(x), ...attributes }),
};

/** A parameter's gradient is added up in at most so many blocks, each of at least so many rows. */
const MOST_BLOCKS = 64;
const LEAST_ROWS = 16;

/** The gradient of `layerNorm`, and what else arrives where x came from: an operation of this device. */
type LayerNormGradientAdd = Operation<
  [x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor, dy: Tensor, addend: Tensor],
  [dx: Tensor, dweight: Tensor, dbias?: Tensor],
  { readonly bias: boolean }
>;

export const layerNormGradientAddCpu: CpuKernel<LayerNormGradientAdd> = {
  lower: (tape, [x, weight, mean, rstd, dy, addend], outputs) =>
    lowerLayerNormGradient(tape, { x, weight, mean, rstd, dy, addend }, outputs),
};

export const layerNormGradientCpu: CpuKernel<typeof ops.layerNormGradientOperation> = {
  lower: (tape, [x, weight, mean, rstd, dy], outputs) =>
    lowerLayerNormGradient(tape, { x, weight, mean, rstd, dy, addend: 0 }, outputs),
};

function lowerLayerNormGradient(
  tape: CpuTape,
  operands: Record<'x' | 'weight' | 'mean' | 'rstd' | 'dy', CpuView> & { addend: CpuView | 0 },
  [dx, dweight, dbias]: readonly [CpuView, CpuView, CpuView?],
): void {
  const { rows, width } = rowsOf(operands.x);
  const rowsPerBlock = Math.max(LEAST_ROWS, Math.ceil(rows / MOST_BLOCKS));
  const blocks = Math.ceil(rows / rowsPerBlock);
  const step = Math.ceil(width / 4) * 4; // whole vectors
  const biasSums = dbias ? tape.scratch(blocks * step) : 0;
  const sums = { weightSums: tape.scratch(blocks * step), biasSums, step };
  tape.emit('layerNormGradient', { ...operands, dx, ...sums, rows, width, rowsPerBlock });
  tape.emit('layerNormGradientSum', { ...sums, dweight, dbias: dbias ?? 0, blocks, width });
}

export const rmsNormCpu: CpuKernel<typeof ops.rmsNormOperation> = {
  stridedRows: [0], // queries and keys are parts of one matrix
  lower(tape, [x], [y], { epsilon }) {
    const { width } = rowsOf(x);
    for (const { addresses, extents, strides } of nests([headsOf(x, 1), headsOf(y, 1)], 3)) {
      const [from, to] = addresses;
      tape.emit('rmsNorm', { x: from, y: to, width, epsilon, extents, strides: strides[0] });
    }
  },
};

export const rmsNormGradientCpu: CpuKernel<typeof ops.rmsNormGradientOperation> = {
  stridedRows: [0],
  lower(tape, [x, dy], [dx], { epsilon }) {
    const { width } = rowsOf(x);
    for (const { addresses, extents, strides } of nests([headsOf(x, 1), headsOf(dy, 1), headsOf(dx, 1)], 3)) {
      const operands = { x: addresses[0], dy: addresses[1], dx: addresses[2] };
      tape.emit('rmsNormGradient', { ...operands, width, epsilon, extents, strides: strides[0] });
    }
  },
};
