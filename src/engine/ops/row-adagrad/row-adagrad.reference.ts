import { combine, dot, type ReferenceKernel, rowsOf, scalarOf } from '../shared/reference.ts';
import type { rowAdagradOperation } from './row-adagrad.ts';

export const rowAdagradReference: ReferenceKernel<typeof rowAdagradOperation> = (
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
