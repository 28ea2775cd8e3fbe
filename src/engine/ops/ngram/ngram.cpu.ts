import type { CpuKernel } from '../shared/kernel.ts';
import type { ngramOperation } from './ngram.ts';

export const ngramCpu: CpuKernel<typeof ngramOperation> = {
  lower(tape, [ids, position], [y], { order, rows }) {
    const [B, S] = ids.shape as [number, number];
    tape.emit('ngram', { ids, position, y, B, S, length: y.shape[1]!, order, rows });
  },
};
