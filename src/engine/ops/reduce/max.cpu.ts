import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import type { maxGradientOperation, maxOperation } from './reduce.ts';

export const maxCpu: CpuKernel<typeof maxOperation> = {
  lower: (tape, [x], [y]) => tape.emit('max', { x, y, ...rowsOf(x) }),
};

export const maxGradientCpu: CpuKernel<typeof maxGradientOperation> = {
  lower: (tape, [x, dy], [dx]) => tape.emit('maxGradient', { x, dy, dx, ...rowsOf(x) }),
};
