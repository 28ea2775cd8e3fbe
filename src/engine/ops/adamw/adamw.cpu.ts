import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { adamwOperation } from './adamw.ts';

export const adamwCpu: CpuKernel<typeof adamwOperation> = {
  inPlace: [0, 2, 3],
  lower(tape, [parameter, gradient, m, v, learningRate, step, gradientScale], outputs, attributes) {
    const operands = { parameter, gradient, m, v, learningRate, step, gradientScale };
    const [newParameter, newM, newV] = outputs;
    const results = { newParameter, newM, newV };
    tape.emit('adamw', { ...operands, ...results, n: sizeOf(parameter.shape), ...attributes });
  },
};
