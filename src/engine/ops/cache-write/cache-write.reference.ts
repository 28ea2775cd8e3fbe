import type { ReferenceKernel } from '../shared/kernel.ts';

export const cacheWriteReference: ReferenceKernel = ([cache, update, position], [y]) => {
  const [B, T, C] = cache!.shape as [number, number, number];
  const t = update!.shape[1]!;
  y!.data.set(cache!.data);
  for (let b = 0; b < B; b++) {
    for (let i = 0; i < t; i++) {
      const row = position!.data[0]! + i;
      if (row < 0 || row >= T) continue;
      const from = (b * t + i) * C;
      y!.data.set(update!.data.subarray(from, from + C), (b * T + row) * C);
    }
  }
};
