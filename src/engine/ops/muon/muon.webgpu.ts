import { sizeOf } from '../../tensor/index.ts';
import { product } from '../matmul/matmul.webgpu.ts';
import { manyTensors } from '../shared/tensors.ts';
import { each, type GpuView, type WebGpuKernel } from '../shared/webgpu.ts';
import type * as ops from './muon.ts';
import { EPSILON } from './muon.ts';

/** Elements for each group of threads. */
const BLOCK = 1024;
const THREADS = 256;

/** Part `i` of a stack of matrices that lie one after another. */
function part({ bank, dtype, shape, strides, offset }: GpuView, i: number): GpuView {
  return { bank, dtype, shape: shape.slice(1), strides: strides.slice(1), offset: offset + i * strides[0]! };
}

export const muonMomentumWebGpu: WebGpuKernel<typeof ops.muonMomentumOperation> = {
  inPlace: (result) => (result > 0 ? result + 1 : undefined),
  lower(tape, [momentum, gradientScale, ...matrices], [directions, ...means]) {
    const lists = {
      m: matrices.slice(0, means.length),
      gradient: matrices.slice(means.length),
      mean: means,
      towards: means.map((_, i) => part(directions, i)),
    };
    for (const { operands, constants, groups } of manyTensors(tape, lists, BLOCK))
      tape.emit('muonMomentum', {
        operands: { ...operands, momentum, gradientScale },
        ...{ constants, groups, threads: THREADS },
      });
  },
};

export const normalizeGramsWebGpu: WebGpuKernel<typeof ops.normalizeGramsOperation> = {
  lower(tape, stacks, [grams, scales]) {
    const R = grams.shape[1]!;
    let START = 0;
    for (const stack of stacks) {
      const groups = stack.shape[0]!;
      const constants = { R, EPSILON, START };
      tape.emit('normalizeGrams', {
        operands: { stack, grams, scales },
        constants,
        groups,
        threads: tape.rowThreads(R * R),
      });
      START += groups;
    }
  },
};

export const muonUpdateWebGpu: WebGpuKernel<typeof ops.muonUpdateOperation> = {
  inPlace: (result) => result + 3,
  lower(tape, [directions, scales, learningRate, ...parameters], results, { weightDecay, factor }) {
    const lists = {
      towards: results.map((_, i) => part(directions, i)),
      parameter: parameters,
      updated: results,
    };
    for (const { operands, constants, groups } of manyTensors(tape, lists, BLOCK, (i) => [i]))
      tape.emit('muonUpdate', {
        operands: { ...operands, scales, learningRate },
        constants: { ...constants, WEIGHT_DECAY: weightDecay, FACTOR: factor },
        ...{ groups, threads: THREADS },
      });
  },
};

export const symmetricMatmulWebGpu: WebGpuKernel<typeof ops.symmetricMatmulOperation> = {
  strided: 'all',
  lower: (tape, [a, b], [c]) => product(tape, a, b, c),
};

export const symmetricPolynomialWebGpu: WebGpuKernel<typeof ops.symmetricPolynomialOperation> = {
  lower(tape, [a], [y], { alpha: ALPHA, beta: BETA, gamma: GAMMA }) {
    product(tape, a, a, y);
    const N = sizeOf(a.shape);
    tape.emit('polynomial', {
      operands: { a, y },
      constants: { N, R: a.shape[1]!, ALPHA, BETA, GAMMA },
      ...each(N),
    });
  },
};
