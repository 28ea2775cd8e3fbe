import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering } from '../shared/kernel.ts';

export const embeddingCpu: CpuLowering = (tape, [weight, indices], [y]) => {
  const [rows, width] = weight!.shape as [number, number];
  tape.emit('embedding', weight!.address, indices!.address, y!.address, sizeOf(indices!.shape), rows, width);
};

export const embeddingGradientCpu: CpuLowering = (tape, [dy, indices], [dweight]) => {
  const [rows, width] = dweight!.shape as [number, number];
  const tokens = sizeOf(indices!.shape);
  tape.emit('embeddingGradient', dy!.address, indices!.address, dweight!.address, tokens, rows, width);
};
