import { loops } from '../shared/elementwise.cpu.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { maskedFillOperation } from './masked-fill.ts';

export const maskedFillCpu: CpuKernel<typeof maskedFillOperation> = {
  strided: 'all',
  lower(tape, [x, mask], [y], { value }) {
    for (const loop of loops(x, mask, y)) tape.emit('maskedFill', { ...loop, value });
  },
};
