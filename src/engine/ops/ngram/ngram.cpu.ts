import type { CpuLowering } from '../shared/kernel.ts';
import type { NgramAttributes } from './ngram.ts';

export const ngramCpu: CpuLowering<NgramAttributes> = (tape, [ids, position], [y], { order, rows }) => {
  const [B, S] = ids!.shape as [number, number];
  tape.emit('ngram', ids!.address, position!.address, y!.address, B, S, y!.shape[1]!, order, rows);
};
