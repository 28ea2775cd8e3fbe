import type { ReferenceKernel } from '../shared/kernel.ts';
import type { AdamWAttributes } from './adamw.ts';

export const adamwReference: ReferenceKernel<AdamWAttributes> = (
  [parameter, gradient, m, v, learningRate, step, gradientScale],
  [newParameter, newM, newV],
  { beta1, beta2, epsilon, weightDecay },
) => {
  const rate = learningRate!.data[0]!;
  const correction1 = 1 - beta1 ** step!.data[0]!;
  const correction2 = 1 - beta2 ** step!.data[0]!;
  for (let i = 0; i < parameter!.data.length; i++) {
    const g = gradient!.data[i]! * gradientScale!.data[0]!;
    const mean = beta1 * m!.data[i]! + (1 - beta1) * g;
    const square = beta2 * v!.data[i]! + (1 - beta2) * g ** 2;
    const decayed = parameter!.data[i]! * (1 - rate * weightDecay);
    const step = mean / correction1 / (Math.sqrt(square / correction2) + epsilon);
    newM!.data[i] = mean;
    newV!.data[i] = square;
    newParameter!.data[i] = decayed - rate * step;
  }
};
