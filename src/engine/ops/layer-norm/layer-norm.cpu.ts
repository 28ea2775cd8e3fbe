import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import type { layerNormGradientOperation, layerNormOperation } from './layer-norm.ts';

export const layerNormCpu: CpuKernel<typeof layerNormOperation> = {
  lower: (tape, [x, weight, bias], [y, mean, rstd], attributes) =>
    tape.emit('layerNorm', { x, weight, bias: bias ?? 0, y, mean, rstd, ...rowsOf(x), ...attributes }),
};

/** A parameter's gradient is added up in at most so many blocks, each of at least so many rows. */
const MOST_BLOCKS = 64;
const LEAST_ROWS = 16;

export const layerNormGradientCpu: CpuKernel<typeof layerNormGradientOperation> = {
  lower(tape, [x, weight, mean, rstd, dy], [dx, dweight, dbias]) {
    const { rows, width } = rowsOf(x);
    const rowsPerBlock = Math.max(LEAST_ROWS, Math.ceil(rows / MOST_BLOCKS));
    const blocks = Math.ceil(rows / rowsPerBlock);
    const step = Math.ceil(width / 4) * 4; // whole vectors
    const sums = { weightSums: tape.scratch(blocks * step), biasSums: tape.scratch(blocks * step), step };
    tape.emit('layerNormGradient', { x, weight, mean, rstd, dy, dx, ...sums, rows, width, rowsPerBlock });
    tape.emit('layerNormGradientSum', { ...sums, dweight, dbias: dbias ?? 0, blocks, width });
  },
};
