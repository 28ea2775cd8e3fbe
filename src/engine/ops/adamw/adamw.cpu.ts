import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import type { adamwOperation } from './adamw.ts';

export const adamwCpu: CpuKernel<typeof adamwOperation> = {
  inPlace: [0, 2, 3],
  lower(tape, inputs, outputs, attributes) {
    const [parameter, gradient, m, v, learningRate, step, gradientScale] = inputs;
    const [newParameter, newM, newV] = outputs;
    const operands = {
      parameter,
      gradient,
      m,
      v,
      learningRate,
      step,
      gradientScale,
      newParameter,
      newM,
      newV,
    };
    tape.emit('adamw', { ...operands, n: sizeOf(parameter.shape), ...attributes });
  },
};
