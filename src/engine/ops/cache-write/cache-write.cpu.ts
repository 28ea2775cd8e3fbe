import type { CpuKernel } from '../shared/kernel.ts';
import { contiguousCpu } from '../views/views.cpu.ts';
import type { cacheWriteOperation } from './cache-write.ts';

export const cacheWriteCpu: CpuKernel<typeof cacheWriteOperation> = {
  inPlace: [0],
  lower(tape, [cache, update, position], [y]) {
    const [B, T, C] = cache.shape as [number, number, number];
    if (y.address !== cache.address) contiguousCpu.lower(tape, [cache], [y], {});
    tape.emit('cacheWrite', { update, position, y, B, T, t: update.shape[1]!, C });
  },
};
