import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import { BLOCK } from './constants.ts';
import type { clipScaleOperation, globalNormOperation, unscaleOperation } from './global-norm.ts';

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

export const unscaleCpu: CpuKernel<typeof unscaleOperation> = {
  inPlace: (result) => result + 2,
  lower(tape, [factor, norm, ...gradients], results) {
    const tables = results.flatMap(({ address, shape }, i) => [
      gradients[i]!.address,
      address,
      sizeOf(shape),
    ]);
    tape.emit('unscale', { factor, norm, tensors: results.length, tables });
  },
};
