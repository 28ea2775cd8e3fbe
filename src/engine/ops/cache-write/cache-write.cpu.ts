import type { CpuKernel } from '../shared/kernel.ts';
import { contiguousCpu } from '../views/views.cpu.ts';
import type { cacheWriteOperation } from './cache-write.ts';

export const cacheWriteCpu: CpuKernel<typeof cacheWriteOperation> = {
  inPlace: [0],
  lower(tape, [cache, update, position], [y]) {
    const [, T, C] = cache.shape as [number, number, number];
    const [b, t] = update.shape as [number, number, number];
    if (y.address !== cache.address) contiguousCpu.lower(tape, [cache], [y], {});
    tape.emit('cacheWrite', { update, position, each: position.shape.length, y, b, T, t, C });
  },
};
