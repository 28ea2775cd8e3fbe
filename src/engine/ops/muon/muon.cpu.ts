import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel, CpuView } from '../shared/kernel.ts';
import {
  EPSILON,
  type muonMomentumOperation,
  type muonUpdateOperation,
  type normalizeGramsOperation,
} from './muon.ts';

export const muonMomentumCpu: CpuKernel<typeof muonMomentumOperation> = {
  lower(tape, inputs, outputs) {
    const matrices = outputs.length - 1;
    const tables = outputs
      .slice(0, -1)
      .flatMap((m, i) => [inputs[i]!.address, inputs[matrices + i]!.address, m.address]);
    const [momentum, gradientScale] = inputs.slice(-2) as unknown as [CpuView, CpuView];
    const n = sizeOf(outputs[0]!.shape);
    tape.emit('muonMomentum', {
      momentum,
      gradientScale,
      directions: outputs[matrices]!,
      n,
      matrices,
      tables,
    });
  },
};

export const normalizeGramsCpu: CpuKernel<typeof normalizeGramsOperation> = {
  lower(tape, inputs, [grams, scales]) {
    const tables = inputs.flatMap(({ address, shape }) => [address, shape[0]!]);
    const r = grams.shape[1]!;
    tape.emit('normalizeGrams', { grams, scales, r, epsilon: EPSILON, stacks: inputs.length, tables });
  },
};

export const muonUpdateCpu: CpuKernel<typeof muonUpdateOperation> = {
  lower(tape, inputs, outputs, { weightDecay, factor }) {
    const [directions, scales, learningRate] = inputs.slice(-3) as unknown as [CpuView, CpuView, CpuView];
    const tables = outputs.flatMap((parameter, i) => [inputs[i]!.address, parameter.address]);
    const [n, matrices] = [sizeOf(outputs[0]!.shape), outputs.length];
    tape.emit('muonUpdate', { directions, scales, learningRate, weightDecay, factor, n, matrices, tables });
  },
};
