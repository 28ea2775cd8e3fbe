import { type ReferenceKernel, rowsOf, scalarOf } from '../shared/reference.ts';
import type { ngramOperation } from './ngram.ts';

export const ngramReference: ReferenceKernel<typeof ngramOperation> = (
  [ids, position],
  [y],
  { order, rows },
) => {
  const results = rowsOf(y);
  rowsOf(ids).forEach((tokens, b) => {
    results[b]?.forEach((_, t, result) => {
      const p = scalarOf(position) + t;
      result[t] = hash(Array.from({ length: order }, (_, j) => tokens[p - j] ?? -1)) % rows;
    });
  });
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
