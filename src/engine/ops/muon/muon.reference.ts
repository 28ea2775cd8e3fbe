import { extents } from '../../tensor/shape.ts';
import { combine, type ReferenceKernel, rowsOf, scalarOf } from '../shared/reference.ts';
import {
  EPSILON,
  type muonMomentumOperation,
  type muonUpdateOperation,
  type normalizeGramsOperation,
} from './muon.ts';

export const muonMomentumReference: ReferenceKernel<typeof muonMomentumOperation> = (
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

export const normalizeGramsReference: ReferenceKernel<typeof normalizeGramsOperation> = (
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

export const muonUpdateReference: ReferenceKernel<typeof muonUpdateOperation> = (
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
