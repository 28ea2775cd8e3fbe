import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { maxGradientOperation, maxOperation } from './reduce.ts';

export const maxCpu: CpuKernel<typeof maxOperation> = {
  lower(tape, [x], [y]) {
    tape.emit('max', { x, y, rows: sizeOf(y.shape), n: x.shape.at(-1)! });
  },
};

export const maxGradientCpu: CpuKernel<typeof maxGradientOperation> = {
  lower(tape, [x, dy], [dx]) {
    tape.emit('maxGradient', { x, dy, dx, rows: sizeOf(dy.shape), n: x.shape.at(-1)! });
  },
};
