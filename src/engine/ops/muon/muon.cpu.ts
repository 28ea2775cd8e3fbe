import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel } from '../shared/kernel.ts';
import {
  EPSILON,
  type muonMomentumOperation,
  type muonUpdateOperation,
  type normalizeGramsOperation,
} from './muon.ts';

export const muonMomentumCpu: CpuKernel<typeof muonMomentumOperation> = {
  inPlace: (result) => (result > 0 ? result + 1 : undefined),
  lower(tape, [momentum, gradientScale, ...operands], [directions, ...moments]) {
    const matrices = moments.length;
    const tables = moments.flatMap((m, i) => [operands[i]!, operands[matrices + i]!, m]);
    const sizes = { n: sizeOf(directions.shape.slice(1)), matrices };
    const addresses = tables.map(({ address }) => address);
    tape.emit('muonMomentum', { momentum, gradientScale, directions, ...sizes, tables: addresses });
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
  inPlace: (result) => result + 3,
  lower(tape, [directions, scales, learningRate, ...old], parameters, { weightDecay, factor }) {
    const tables = parameters.flatMap((parameter, i) => [old[i]!.address, parameter.address]);
    const [n, matrices] = [sizeOf(directions.shape.slice(1)), parameters.length];
    tape.emit('muonUpdate', { directions, scales, learningRate, weightDecay, factor, n, matrices, tables });
  },
};
