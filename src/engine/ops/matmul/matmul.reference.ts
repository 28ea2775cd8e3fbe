import { sizeOf } from '../../tensor/shape.ts';
import type { ReferenceArray, ReferenceKernel } from '../shared/kernel.ts';

export const matmulReference: ReferenceKernel = ([a, b], [c]) => {
  const [m, k] = a!.shape.slice(-2) as [number, number];
  const n = b!.shape.at(-1)!;
  const batches = sizeOf(a!.shape.slice(0, -2));
  for (let batch = 0; batch < batches; batch++) {
    product(matrix(a!, batch, m * k), matrix(b!, batch, k * n), matrix(c!, batch, m * n), m, n, k);
  }
};

function matrix(array: ReferenceArray, index: number, size: number): Float64Array {
  return array.data.subarray(index * size, (index + 1) * size);
}

function product(a: Float64Array, b: Float64Array, c: Float64Array, m: number, n: number, k: number): void {
  c.fill(0);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p]!;
      for (let j = 0; j < n; j++) c[i * n + j]! += x * b[p * n + j]!;
    }
  }
}
