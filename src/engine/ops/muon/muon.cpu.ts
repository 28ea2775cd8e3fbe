import { sizeOf } from '../../tensor/shape.ts';
import { BLOCK, KC } from '../matmul/constants.ts';
import { edgeOf, pack } from '../matmul/matmul.cpu.ts';
import type { CpuKernel, CpuTape, CpuView } from '../shared/kernel.ts';
import type * as ops from './muon.ts';
import { EPSILON } from './muon.ts';

export const muonMomentumCpu: CpuKernel<typeof ops.muonMomentumOperation> = {
  inPlace: (result) => (result > 0 ? result + 1 : undefined),
  lower(tape, [momentum, gradientScale, ...operands], [directions, ...moments]) {
    const matrices = moments.length;
    const tables = moments.flatMap((m, i) => [operands[i]!, operands[matrices + i]!, m]);
    const sizes = { n: sizeOf(directions.shape.slice(1)), matrices };
    const addresses = tables.map(({ address }) => address);
    tape.emit('muonMomentum', { momentum, gradientScale, directions, ...sizes, tables: addresses });
  },
};

export const normalizeGramsCpu: CpuKernel<typeof ops.normalizeGramsOperation> = {
  lower(tape, inputs, [grams, scales]) {
    const tables = inputs.flatMap(({ address, shape }) => [address, shape[0]!]);
    const r = grams.shape[1]!;
    tape.emit('normalizeGrams', { grams, scales, r, epsilon: EPSILON, stacks: inputs.length, tables });
  },
};

export const muonUpdateCpu: CpuKernel<typeof ops.muonUpdateOperation> = {
  inPlace: (result) => result + 3,
  lower(tape, [directions, scales, learningRate, ...old], parameters, { weightDecay, factor }) {
    const tables = parameters.flatMap((parameter, i) => [old[i]!.address, parameter.address]);
    const [n, matrices] = [sizeOf(directions.shape.slice(1)), parameters.length];
    tape.emit('muonUpdate', { directions, scales, learningRate, weightDecay, factor, n, matrices, tables });
  },
};

/** c = γ · a · b + β · a + α · I */
function lower(tape: CpuTape, a: CpuView, b: CpuView, c: CpuView, terms: ops.PolynomialAttributes): void {
  const [matrices, n, k] = a.shape as [number, number, number];
  const [matrixStride, rowStride, columnStride] = a.strides as [number, number, number];
  const packed = pack(tape, b, { extents: [1, 1, matrices], strides: [0, 0, b.strides[0]!] });
  const memory = { strips: tape.perThread(BLOCK * Math.min(k, KC)), edge: edgeOf(tape) };
  const strides = { matrixStride, rowStride, columnStride };
  tape.emit('symmetricMatmul', { a, packed, c, matrices, n, k, ...strides, ...terms, ...memory });
}

export const symmetricMatmulCpu: CpuKernel<typeof ops.symmetricMatmulOperation> = {
  strided: 'all',
  lower: (tape, [a, b], [c]) => lower(tape, a, b, c, { alpha: 0, beta: 0, gamma: 1 }),
};

export const symmetricPolynomialCpu: CpuKernel<typeof ops.symmetricPolynomialOperation> = {
  lower: (tape, [a], [c], terms) => lower(tape, a, a, c, terms),
};
