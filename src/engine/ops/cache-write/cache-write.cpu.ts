import type { CpuLowering } from '../shared/kernel.ts';

export const cacheWriteCpu: CpuLowering = (tape, [cache, update, position], [y]) => {
  const [B, T, C] = cache!.shape as [number, number, number];
  if (y!.address !== cache!.address) tape.emit('cacheCopy', cache!.address, y!.address, B * T * C);
  tape.emit('cacheWrite', update!.address, position!.address, y!.address, B, T, update!.shape[1]!, C);
};
