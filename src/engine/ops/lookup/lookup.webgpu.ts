import { sizeOf } from '../../tensor/index.ts';
import { each, rowsOf, samePlace, type WebGpuKernel } from '../shared/webgpu.ts';
import { copy, fillZero } from '../views/views.webgpu.ts';
import type * as ops from './lookup.ts';

export const embeddingWebGpu: WebGpuKernel<typeof ops.embeddingOperation> = {
  lower(tape, [weight, indices], [y]) {
    const N = sizeOf(y.shape);
    tape.emit('embedding', {
      operands: { weight, indices, y },
      constants: { N, ...rowsOf(weight) },
      ...each(N),
    });
  },
};

export const embeddingGradientWebGpu: WebGpuKernel<typeof ops.embeddingGradientOperation> = {
  lower(tape, [dy, indices], [dweight]) {
    const TOKENS = sizeOf(indices.shape);
    const constants = { TOKENS, ...rowsOf(dweight) };
    const threads = tape.rowThreads(constants.WIDTH);
    fillZero(tape, dweight);
    tape.emit('embeddingGradient', {
      operands: { dy, indices, dweight },
      constants,
      groups: TOKENS,
      threads,
    });
  },
};

export const ngramWebGpu: WebGpuKernel<typeof ops.ngramOperation> = {
  lower(tape, [ids, position], [y], { order: ORDER, rows: ROWS }) {
    const N = sizeOf(y.shape);
    const constants = {
      ...{ N, ORDER, ROWS, EACH: position.shape.length },
      ...{ PLACES: ids.shape[1]!, LENGTH: y.shape[1]! },
    };
    tape.emit('ngram', { operands: { ids, position, y }, constants, ...each(N) });
  },
};

export const rowAdagradWebGpu: WebGpuKernel<typeof ops.rowAdagradOperation> = {
  inPlace: [0, 1],
  lower(tape, [table, oldSquares, gradient, indices, learningRate], [rows, squares], { epsilon: EPSILON }) {
    if (!samePlace(rows, table)) copy(tape, table, rows);
    if (!samePlace(squares, oldSquares)) copy(tape, oldSquares, squares);
    const TOKENS = sizeOf(indices.shape);
    const constants = { TOKENS, EPSILON, ...rowsOf(rows) };
    const sums = tape.scratch(TOKENS * constants.WIDTH);
    tape.emit('rowAdagrad', {
      operands: { rows, squares, gradient, indices, learningRate, sums },
      ...{ constants, groups: TOKENS, threads: tape.rowThreads(constants.WIDTH) },
    });
  },
};
