import { sizeOf } from '../../tensor/shape.ts';
import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import type { embeddingGradientOperation, embeddingOperation } from './embedding.ts';

export const embeddingCpu: CpuKernel<typeof embeddingOperation> = {
  lower: (tape, [weight, indices], [y]) =>
    tape.emit('embedding', { weight, indices, y, tokens: sizeOf(indices.shape), ...rowsOf(weight) }),
};

export const embeddingGradientCpu: CpuKernel<typeof embeddingGradientOperation> = {
  lower: (tape, [dy, indices], [dweight]) =>
    tape.emit('embeddingGradient', {
      dy,
      indices,
      dweight,
      tokens: sizeOf(indices.shape),
      ...rowsOf(dweight),
    }),
};
