import { sizeOf } from '../../tensor/index.ts';
import { each, type WebGpuKernel } from '../shared/webgpu.ts';
import type { adamwOperation } from './adamw.ts';

/** ln β; where β is 0 a number so low that its power is 0. */
const logOf = (beta: number): number => Math.max(-1e4, Math.log(beta));

export const adamwWebGpu: WebGpuKernel<typeof adamwOperation> = {
  inPlace: [0, 2, 3],
  lower(tape, [parameter, gradient, m, v, learningRate, step, gradientScale], outputs, attributes) {
    const [newParameter, newM, newV] = outputs;
    const { beta1, beta2, epsilon: EPSILON, weightDecay: WEIGHT_DECAY } = attributes;
    const N = sizeOf(parameter.shape);
    const decay = { BETA1: beta1, BETA2: beta2, LOG_BETA1: logOf(beta1), LOG_BETA2: logOf(beta2) };
    const results = { newParameter, newM, newV };
    tape.emit('adamw', {
      operands: { parameter, gradient, m, v, learningRate, step, gradientScale, ...results },
      constants: { N, ...decay, EPSILON, WEIGHT_DECAY },
      ...each(N),
    });
  },
};
