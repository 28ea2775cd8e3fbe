import { extents, lastOf } from '../../tensor/shape.ts';
import { matmulReference } from '../matmul/matmul.reference.ts';
import { combine, type ReferenceArray, type ReferenceKernel, rowsOf, scalarOf } from '../shared/reference.ts';
import type * as ops from './muon.ts';
import { EPSILON } from './muon.ts';

export const muonMomentumReference: ReferenceKernel<typeof ops.muonMomentumOperation> = (
  [momentum, gradientScale, ...matrices],
  [directions, ...means],
) => {
  const mu = scalarOf(momentum);
  means.forEach((mean, k) => {
    const [m, gradient] = [matrices[k]!, matrices[means.length + k]!];
    const parts = gradient.data.map((g) => (1 - mu) * scalarOf(gradientScale) * g);
    combine(mean.data, m.data, parts, (old, part) => mu * old + part);
    const stacked = rowsOf(directions, parts.length)[k]!;
    combine(stacked, mean.data, parts, (value, part) => mu * value + part);
  });
};

export const normalizeGramsReference: ReferenceKernel<typeof ops.normalizeGramsOperation> = (
  stacks,
  [grams, scales],
) => {
  const [, r] = extents(grams.shape, 3);
  const results = rowsOf(grams, r * r);
  stacks
    .flatMap((stack) => rowsOf(stack, r * r))
    .forEach((gram, n) => {
      const trace = gram.reduce((sum, value, i) => (i % (r + 1) === 0 ? sum + value : sum), 0);
      const scale = 1 / (Math.sqrt(trace) + EPSILON);
      results[n]!.set(gram.map((value) => scale ** 2 * value));
      scales.data[n] = scale;
    });
};

export const muonUpdateReference: ReferenceKernel<typeof ops.muonUpdateOperation> = (
  [directions, scales, learningRate, ...parameters],
  updated,
  { weightDecay, factor },
) => {
  const rate = scalarOf(learningRate);
  updated.forEach(({ data }, k) => {
    const direction = rowsOf(directions, data.length)[k]!;
    const scale = scales.data[k]!;
    const update = (value: number, d: number): number =>
      (1 - rate * weightDecay) * value - rate * factor * (scale * d);
    combine(data, parameters[k]!.data, direction, update);
  });
};

export const symmetricMatmulReference: ReferenceKernel<typeof ops.symmetricMatmulOperation> = matmulReference;

export const symmetricPolynomialReference: ReferenceKernel<typeof ops.symmetricPolynomialOperation> = (
  [a],
  [y],
  { alpha, beta, gamma },
) => {
  const r = lastOf(a.shape);
  const square: ReferenceArray = { shape: a.shape, data: new Float64Array(a.data.length) };
  matmulReference([a, a], [square], {});
  combine(y.data, a.data, square.data, (value, squared, i) => {
    const identity = Math.floor(i / r) % r === i % r ? alpha : 0;
    return identity + beta * value + gamma * squared;
  });
};
