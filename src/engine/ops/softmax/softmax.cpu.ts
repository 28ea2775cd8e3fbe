import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import type { softmaxGradientOperation, softmaxOperation } from './softmax.ts';

export const softmaxCpu: CpuKernel<typeof softmaxOperation> = {
  lower: (tape, [x], [y]) => tape.emit('softmax', { x, y, ...rowsOf(x) }),
};

export const softmaxGradientCpu: CpuKernel<typeof softmaxGradientOperation> = {
  lower: (tape, [y, dy], [dx]) => tape.emit('softmaxGradient', { y, dy, dx, ...rowsOf(y) }),
};
