import type { CpuLowering, CpuView } from '../kernel.ts';
import { lowerMatmul } from '../matmul/matmul.cpu.ts';

export const linearCpu: CpuLowering = (tape, [x, weight, bias], [y]) => {
  const [n, k] = weight!.shape as [number, number];
  const transposed: CpuView = { ...weight!, shape: [k, n], strides: [1, k] };
  lowerMatmul(tape, x!, transposed, y!, bias?.address);
};
