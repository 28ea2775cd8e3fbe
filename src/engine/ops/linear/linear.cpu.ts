import { lowerMatmul } from '../matmul/matmul.cpu.ts';
import type { CpuLowering, CpuView } from '../shared/kernel.ts';

export const linearCpu: CpuLowering = (tape, [x, weight, bias], [y]) => {
  const [n, k] = weight!.shape as [number, number];
  const transposed: CpuView = { ...weight!, shape: [k, n], strides: [1, k] };
  lowerMatmul(tape, x!, transposed, y!, bias?.address);
};
