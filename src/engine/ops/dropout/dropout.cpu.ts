import { sizeOf } from '../../tensor/shape.ts';
import { type CpuLowering, floatBits } from '../shared/kernel.ts';
import type { DropoutAttributes } from './dropout.ts';

export const dropoutCpu: CpuLowering<DropoutAttributes> = (tape, [x, key], [y], { p, site }) => {
  tape.emit('dropout', x!.address, key!.address, y!.address, sizeOf(x!.shape), floatBits(p), site);
};
