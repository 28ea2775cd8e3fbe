import {
  accumulate,
  combine,
  dot,
  positionOf,
  type ReferenceKernel,
  rowsOf,
  scalarOf,
} from '../shared/reference.ts';
import type * as ops from './lookup.ts';

export const embeddingReference: ReferenceKernel<typeof ops.embeddingOperation> = (
  [weight, indices],
  [y],
) => {
  const table = rowsOf(weight);
  const rows = rowsOf(y);
  indices.data.forEach((index, i) => {
    const row = table[index];
    if (row) rows[i]?.set(row);
    else rows[i]?.fill(Number.NaN);
  });
};

export const embeddingGradientReference: ReferenceKernel<typeof ops.embeddingGradientOperation> = (
  [dy, indices],
  [dweight],
) => {
  dweight.data.fill(0);
  const table = rowsOf(dweight);
  rowsOf(dy).forEach((gradient, i) => {
    const row = table[indices.data[i]!];
    if (row) accumulate(row, 1, gradient);
  });
};

export const ngramReference: ReferenceKernel<typeof ops.ngramOperation> = (
  [ids, position],
  [y],
  { order, rows },
) => {
  const results = rowsOf(y);
  rowsOf(ids).forEach((tokens, b) => {
    results[b]?.forEach((_, t, result) => {
      const p = positionOf(position, b) + t;
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

export const rowAdagradReference: ReferenceKernel<typeof ops.rowAdagradOperation> = (
  [table, squares, gradient, indices, learningRate],
  [newTable, newSquares],
  { epsilon },
) => {
  newTable.data.set(table.data);
  newSquares.data.set(squares.data);
  const gradients = rowsOf(gradient);
  rowsOf(newTable).forEach((row, index) => {
    const own = gradients.filter((_, token) => indices.data[token] === index);
    if (own.length === 0) return;
    const g = row.map((_, c) => own.reduce((sum, values) => sum + values[c]!, 0));
    const square = squares.data[index]! + dot(g, g) / g.length;
    newSquares.data[index] = square;
    const rate = scalarOf(learningRate) / (Math.sqrt(square) + epsilon);
    combine(row, row, g, (value, slope) => value - rate * slope);
  });
};
