import { lowerMatmul } from '../matmul/matmul.cpu.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { linearOperation } from './linear.ts';

export const linearCpu: CpuKernel<typeof linearOperation> = {
  lower(tape, [x, weight, bias], [y]) {
    const [n, k] = weight.shape as [number, number];
    lowerMatmul(tape, x, { ...weight, shape: [k, n], strides: [1, k] }, y, bias);
  },
};
