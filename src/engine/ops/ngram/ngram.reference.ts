import type { ReferenceKernel } from '../shared/kernel.ts';
import type { NgramAttributes } from './ngram.ts';

export const ngramReference: ReferenceKernel<NgramAttributes> = ([ids, position], [y], { order, rows }) => {
  const [B, S] = ids!.shape as [number, number];
  const length = y!.shape[1]!;
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < length; t++) {
      const p = position!.data[0]! + t;
      const tokens = Array.from({ length: order }, (_, j) =>
        p - j >= 0 && p - j < S ? ids!.data[b * S + p - j]! : -1,
      );
      y!.data[b * length + t] = hash(tokens) % rows;
    }
  }
};

/** An unsigned 32-bit integer. */
function hash(tokens: readonly number[]): number {
  let h = 0;
  for (const token of tokens) {
    h = Math.imul(h ^ (token + 1), 0x9e3779b1);
    h ^= h >>> 15;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
