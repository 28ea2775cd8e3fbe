import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { embeddingGradientOperation, embeddingOperation } from './embedding.ts';

export const embeddingCpu: CpuKernel<typeof embeddingOperation> = {
  lower(tape, [weight, indices], [y]) {
    const [rows, width] = weight.shape as [number, number];
    tape.emit('embedding', { weight, indices, y, tokens: sizeOf(indices.shape), rows, width });
  },
};

export const embeddingGradientCpu: CpuKernel<typeof embeddingGradientOperation> = {
  lower(tape, [dy, indices], [dweight]) {
    const [rows, width] = dweight.shape as [number, number];
    tape.emit('embeddingGradient', { dy, indices, dweight, tokens: sizeOf(indices.shape), rows, width });
  },
};
