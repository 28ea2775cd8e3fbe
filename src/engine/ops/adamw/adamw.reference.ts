import { type ReferenceKernel, scalarOf } from '../shared/reference.ts';
import type { adamwOperation } from './adamw.ts';

export const adamwReference: ReferenceKernel<typeof adamwOperation> = (
  [parameter, gradient, m, v, learningRate, step, gradientScale],
  [newParameter, newM, newV],
  { beta1, beta2, epsilon, weightDecay },
) => {
  const rate = scalarOf(learningRate);
  const scale = scalarOf(gradientScale);
  const correction1 = 1 - beta1 ** scalarOf(step);
  const correction2 = 1 - beta2 ** scalarOf(step);
  parameter.data.forEach((value, i) => {
    const g = gradient.data[i]! * scale;
    const mean = beta1 * m.data[i]! + (1 - beta1) * g;
    const square = beta2 * v.data[i]! + (1 - beta2) * g ** 2;
    newM.data[i] = mean;
    newV.data[i] = square;
    const direction = mean / correction1 / (Math.sqrt(square / correction2) + epsilon);
    newParameter.data[i] = value * (1 - rate * weightDecay) - rate * direction;
  });
};
