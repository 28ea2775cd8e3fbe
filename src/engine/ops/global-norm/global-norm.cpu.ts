import { sizeOf } from '../../tensor/shape.ts';
import { type CpuLowering, floatBits } from '../shared/kernel.ts';

/** Elements whose squares are summed together. The kernel has the same constant. */
const BLOCK = 4096;

export const globalNormCpu: CpuLowering = (tape, tensors, [norm]) => {
  const blocks = tensors.reduce((sum, { shape }) => sum + Math.ceil(sizeOf(shape) / BLOCK), 0);
  const partials = tape.scratch(4 * blocks);
  const table = tensors.flatMap(({ address, shape }) => [address, sizeOf(shape)]);
  tape.emit('globalNormBlocks', partials, blocks, ...table);
  tape.emit('globalNorm', partials, blocks, norm!.address);
};

export const clipScaleCpu: CpuLowering<{ maxNorm: number }> = (tape, [norm], [scale], { maxNorm }) => {
  tape.emit('clipScale', norm!.address, scale!.address, floatBits(maxNorm));
};
