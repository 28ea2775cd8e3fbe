import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering } from '../shared/kernel.ts';

export const softmaxCpu: CpuLowering = (tape, [x], [y]) => {
  tape.emit('softmax', x!.address, y!.address, sizeOf(x!.shape.slice(0, -1)), x!.shape.at(-1)!);
};

export const softmaxGradientCpu: CpuLowering = (tape, [y, dy], [dx]) => {
  const rows = sizeOf(y!.shape.slice(0, -1));
  tape.emit('softmaxGradient', y!.address, dy!.address, dx!.address, rows, y!.shape.at(-1)!);
};
