import type { ReferenceKernel } from '../shared/kernel.ts';
import type { RowAdaGradAttributes } from './row-adagrad.ts';

export const rowAdagradReference: ReferenceKernel<RowAdaGradAttributes> = (
  [table, squares, gradient, indices, learningRate],
  [newTable, newSquares],
  { epsilon },
) => {
  const [R, C] = table!.shape as [number, number];
  newTable!.data.set(table!.data);
  newSquares!.data.set(squares!.data);
  for (const row of new Set(indices!.data)) {
    if (row < 0 || row >= R) continue;
    const g = new Float64Array(C);
    indices!.data.forEach((index, token) => {
      if (index === row) for (let c = 0; c < C; c++) g[c]! += gradient!.data[token * C + c]!;
    });
    newSquares!.data[row]! += g.reduce((sum, value) => sum + value ** 2, 0) / C;
    const rate = learningRate!.data[0]! / (Math.sqrt(newSquares!.data[row]!) + epsilon);
    for (let c = 0; c < C; c++) newTable!.data[row * C + c]! -= rate * g[c]!;
  }
};
