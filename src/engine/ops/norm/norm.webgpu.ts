import { sumTerms } from '../reduce/reduce.webgpu.ts';
import { each, headsOf, rowsOf, type WebGpuKernel } from '../shared/webgpu.ts';
import type * as ops from './norm.ts';

export const layerNormWebGpu: WebGpuKernel<typeof ops.layerNormOperation> = {
  lower(tape, [x, weight, bias], [y, mean, rstd], { epsilon: EPSILON }) {
    const { ROWS, WIDTH } = rowsOf(x);
    tape.emit('layerNorm', {
      operands: { x, weight, bias: bias ?? weight, y, mean, rstd },
      constants: { WIDTH, EPSILON, BIASED: bias ? 1 : 0 },
      ...{ groups: ROWS, threads: tape.rowThreads(WIDTH) },
    });
  },
};

/** Rows over which a thread adds up a parameter's gradient. */
const BLOCK = 32;

export const layerNormGradientWebGpu: WebGpuKernel<typeof ops.layerNormGradientOperation> = {
  lower(tape, [x, weight, mean, rstd, dy], [dx, dweight, dbias]) {
    const { ROWS, WIDTH } = rowsOf(x);
    tape.emit('layerNormGradient', {
      operands: { x, weight, mean, rstd, dy, dx },
      constants: { WIDTH },
      ...{ groups: ROWS, threads: tape.rowThreads(WIDTH) },
    });
    const blocks = Math.ceil(ROWS / BLOCK);
    const N = blocks * WIDTH;
    const [weightSums, biasSums] = [tape.scratch(N), tape.scratch(N)];
    tape.emit('layerNormGradientBlocks', {
      operands: { x, mean, rstd, dy, weightSums, biasSums },
      constants: { N, ROWS, WIDTH, BLOCK },
      ...each(N),
    });
    sumTerms(tape, weightSums, dweight, 1, blocks, WIDTH);
    if (dbias) sumTerms(tape, biasSums, dbias, 1, blocks, WIDTH);
  },
};

export const rmsNormWebGpu: WebGpuKernel<typeof ops.rmsNormOperation> = {
  stridedRows: [0], // queries and keys are parts of one matrix
  lower(tape, [x], [y], { epsilon: EPSILON }) {
    const { ROWS, WIDTH } = rowsOf(x);
    tape.emit('rmsNorm', {
      operands: { x, y },
      indices: { x: headsOf(x, 1) },
      constants: { WIDTH, EPSILON },
      ...{ groups: ROWS, threads: tape.rowThreads(WIDTH) },
    });
  },
};

export const rmsNormGradientWebGpu: WebGpuKernel<typeof ops.rmsNormGradientOperation> = {
  stridedRows: [0],
  lower(tape, [x, dy], [dx], { epsilon: EPSILON }) {
    const { ROWS, WIDTH } = rowsOf(x);
    tape.emit('rmsNormGradient', {
      operands: { x, dy, dx },
      indices: { x: headsOf(x, 1) },
      constants: { WIDTH, EPSILON },
      ...{ groups: ROWS, threads: tape.rowThreads(WIDTH) },
    });
  },
};
