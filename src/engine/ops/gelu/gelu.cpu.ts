import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering } from '../shared/kernel.ts';

export const geluCpu: CpuLowering = (tape, [x], [y]) => {
  tape.emit('gelu', x!.address, y!.address, sizeOf(x!.shape));
};

export const geluGradientCpu: CpuLowering = (tape, [x, dy], [dx]) => {
  tape.emit('geluGradient', x!.address, dy!.address, dx!.address, sizeOf(x!.shape));
};
