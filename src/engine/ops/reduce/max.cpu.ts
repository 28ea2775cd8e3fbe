import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering } from '../shared/kernel.ts';

export const maxCpu: CpuLowering = (tape, [x], [y]) => {
  tape.emit('largest', x!.address, y!.address, sizeOf(y!.shape), x!.shape.at(-1)!);
};

export const maxGradientCpu: CpuLowering = (tape, [x, dy], [dx]) => {
  tape.emit('largestGradient', x!.address, dy!.address, dx!.address, sizeOf(dy!.shape), x!.shape.at(-1)!);
};
