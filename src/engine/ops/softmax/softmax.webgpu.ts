import { sizeOf } from '../../tensor/index.ts';
import { each, rowsOf, type WebGpuKernel } from '../shared/webgpu.ts';
import type * as ops from './softmax.ts';

export const softmaxWebGpu: WebGpuKernel<typeof ops.softmaxOperation> = {
  lower(tape, [x], [y]) {
    const { ROWS, WIDTH } = rowsOf(x);
    tape.emit('softmax', {
      operands: { x, y },
      constants: { WIDTH },
      groups: ROWS,
      threads: tape.rowThreads(WIDTH),
    });
  },
};

export const softmaxGradientWebGpu: WebGpuKernel<typeof ops.softmaxGradientOperation> = {
  lower(tape, [y, dy], [dx]) {
    const { ROWS, WIDTH } = rowsOf(y);
    const shape = { constants: { WIDTH }, groups: ROWS, threads: tape.rowThreads(WIDTH) };
    tape.emit('softmaxGradient', { operands: { y, dy, dx }, ...shape });
  },
};

/** The index as an i32; one that no target can have, where it is none. */
const idOf = (index: number): number => ((index | 0) === index ? index : -(2 ** 31));

export const crossEntropyWebGpu: WebGpuKernel<typeof ops.crossEntropyOperation> = {
  lower(tape, [x, targets], [loss, most, logSum], { ignoreIndex }) {
    const IGNORED = idOf(ignoreIndex);
    const { ROWS, WIDTH } = rowsOf(x);
    const losses = tape.scratch(ROWS);
    tape.emit('crossEntropyRows', {
      operands: { x, targets, most, logSum, losses },
      constants: { WIDTH, IGNORED },
      ...{ groups: ROWS, threads: tape.rowThreads(WIDTH) },
    });
    tape.emit('crossEntropyMean', {
      operands: { losses, targets, loss },
      constants: { ROWS, IGNORED },
      ...{ groups: 1, threads: tape.rowThreads(ROWS) },
    });
  },
};

export const crossEntropyGradientWebGpu: WebGpuKernel<typeof ops.crossEntropyGradientOperation> = {
  lower(tape, [x, targets, most, logSum, dloss], [dx], { ignoreIndex }) {
    const IGNORED = idOf(ignoreIndex);
    const { ROWS, WIDTH } = rowsOf(x);
    const N = sizeOf(x.shape);
    const scale = tape.scratch(1);
    tape.emit('crossEntropyScale', {
      operands: { targets, dloss, scale },
      constants: { ROWS, IGNORED },
      ...{ groups: 1, threads: tape.rowThreads(ROWS) },
    });
    tape.emit('crossEntropyGradient', {
      operands: { x, targets, most, logSum, scale, dx },
      constants: { N, WIDTH, IGNORED },
      ...each(N),
    });
  },
};
