import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import { BLOCK } from './constants.ts';
import type { clipScaleOperation, globalNormOperation } from './global-norm.ts';

export const globalNormCpu: CpuKernel<typeof globalNormOperation> = {
  lower(tape, inputs, [norm]) {
    const blocks = inputs.reduce((sum, { shape }) => sum + Math.ceil(sizeOf(shape) / BLOCK), 0);
    const sums = tape.scratch(blocks);
    const tensors = inputs.flatMap(({ address, shape }) => [address, sizeOf(shape)]);
    tape.emit('globalNormBlocks', { sums, blocks, tensors });
    tape.emit('globalNorm', { sums, blocks, norm });
  },
};

export const clipScaleCpu: CpuKernel<typeof clipScaleOperation> = {
  lower: (tape, [norm], [scale], { maxNorm }) => tape.emit('clipScale', { norm, scale, maxNorm }),
};
