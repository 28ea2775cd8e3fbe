import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { softmaxGradientOperation, softmaxOperation } from './softmax.ts';

export const softmaxCpu: CpuKernel<typeof softmaxOperation> = {
  lower(tape, [x], [y]) {
    tape.emit('softmax', { x, y, rows: sizeOf(x.shape.slice(0, -1)), n: x.shape.at(-1)! });
  },
};

export const softmaxGradientCpu: CpuKernel<typeof softmaxGradientOperation> = {
  lower(tape, [y, dy], [dx]) {
    tape.emit('softmaxGradient', { y, dy, dx, rows: sizeOf(y.shape.slice(0, -1)), n: y.shape.at(-1)! });
  },
};
