import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { dropoutOperation } from './dropout.ts';

export const dropoutCpu: CpuKernel<typeof dropoutOperation> = {
  lower: (tape, [x, key], [y], attributes) =>
    tape.emit('dropout', { x, key, y, n: sizeOf(x.shape), ...attributes }),
};
