import { sizeOf } from '../../tensor/index.ts';
import { manyTensors } from '../shared/tensors.ts';
import type { WebGpuKernel } from '../shared/webgpu.ts';
import { BLOCK } from './constants.ts';
import type { clipScaleOperation, globalNormOperation, unscaleOperation } from './global-norm.ts';

export const globalNormWebGpu: WebGpuKernel<typeof globalNormOperation> = {
  lower(tape, inputs, [norm]) {
    const N = inputs.reduce((blocks, { shape }) => blocks + Math.ceil(sizeOf(shape) / BLOCK), 0);
    const sums = tape.scratch(N);
    let START = 0;
    for (const { operands, constants, groups } of manyTensors(tape, { x: inputs }, BLOCK)) {
      tape.emit('sumSquares', {
        operands: { ...operands, sums },
        constants: { ...constants, START },
        ...{ groups, threads: tape.rowThreads(BLOCK) },
      });
      START += groups;
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

export const unscaleWebGpu: WebGpuKernel<typeof unscaleOperation> = {
  inPlace: (result) => result + 2,
  lower(tape, [factor, norm, ...gradients], results) {
    for (const { operands, constants, groups } of manyTensors(tape, { x: gradients, y: results }, BLOCK))
      tape.emit('unscale', {
        operands: { ...operands, factor, norm },
        ...{ constants, groups, threads: tape.rowThreads(BLOCK) },
      });
  },
};
