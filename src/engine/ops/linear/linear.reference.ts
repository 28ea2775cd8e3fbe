import type { ReferenceKernel } from '../shared/kernel.ts';

export const linearReference: ReferenceKernel = ([x, weight, bias], [y]) => {
  const [m, k] = x!.shape as [number, number];
  const n = weight!.shape[0]!;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias ? bias.data[j]! : 0;
      for (let p = 0; p < k; p++) sum += x!.data[i * k + p]! * weight!.data[j * k + p]!;
      y!.data[i * n + j] = sum;
    }
  }
};
