import { sizeOf } from '../../tensor/index.ts';
import type { WebGpuKernel } from '../shared/webgpu.ts';
import { BLOCK } from './constants.ts';
import type { clipScaleOperation, globalNormOperation } from './global-norm.ts';

export const globalNormWebGpu: WebGpuKernel<typeof globalNormOperation> = {
  lower(tape, inputs, [norm]) {
    const blocks = inputs.map(({ shape }) => Math.ceil(sizeOf(shape) / BLOCK));
    const N = blocks.reduce((a, b) => a + b, 0);
    const sums = tape.scratch(N);
    let START = 0;
    for (const [i, x] of inputs.entries()) {
      const n = sizeOf(x.shape);
      const threads = tape.rowThreads(Math.min(n, BLOCK));
      tape.emit('sumSquares', {
        operands: { x, sums },
        constants: { N: n, BLOCK, START },
        groups: blocks[i]!,
        threads,
      });
      START += blocks[i]!;
    }
    tape.emit('globalNorm', {
      operands: { sums, norm },
      constants: { N },
      groups: 1,
      threads: tape.rowThreads(N),
    });
  },
};

export const clipScaleWebGpu: WebGpuKernel<typeof clipScaleOperation> = {
  lower(tape, [norm], [scale], { maxNorm: MAX_NORM }) {
    tape.emit('clipScale', { operands: { norm, scale }, constants: { MAX_NORM }, groups: 1, threads: 1 });
  },
};
