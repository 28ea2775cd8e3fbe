import { combine, dot, type ReferenceKernel, rowsOf, scalarOf } from '../shared/reference.ts';
import type * as ops from './softmax.ts';

export const softmaxReference: ReferenceKernel<typeof ops.softmaxOperation> = ([x], [y]) => {
  const results = rowsOf(y);
  rowsOf(x).forEach((row, i) => {
    const largest = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((v) => Math.exp(v - largest)); // at most 1, so that nothing overflows
    const sum = powers.reduce((a, b) => a + b);
    results[i]!.set(powers.map((power) => power / sum));
  });
};

export const softmaxGradientReference: ReferenceKernel<typeof ops.softmaxGradientOperation> = (
  [y, dy],
  [dx],
) => {
  const [gradients, results] = [rowsOf(dy), rowsOf(dx)];
  rowsOf(y).forEach((row, i) => {
    const gradient = gradients[i]!;
    const mean = dot(row, gradient);
    combine(results[i]!, row, gradient, (value, g) => value * (g - mean));
  });
};

export const crossEntropyReference: ReferenceKernel<typeof ops.crossEntropyOperation> = (
  [logits, targets],
  [loss, largest, logSum],
  { ignoreIndex },
) => {
  let sum = 0;
  let count = 0;
  rowsOf(logits).forEach((values, row) => {
    const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const log = Math.log(values.reduce((total, v) => total + Math.exp(v - most), 0));
    largest.data[row] = most;
    logSum.data[row] = log;
    const target = targets.data[row]!;
    if (target === ignoreIndex) return;
    sum += log - ((values[target] ?? Number.NaN) - most);
    count++;
  });
  loss.data[0] = sum / count;
};

export const crossEntropyGradientReference: ReferenceKernel<typeof ops.crossEntropyGradientOperation> = (
  [logits, targets, largest, logSum, dloss],
  [dlogits],
  { ignoreIndex },
) => {
  const count = targets.data.filter((target) => target !== ignoreIndex).length;
  const gradients = rowsOf(dlogits);
  rowsOf(logits).forEach((values, row) => {
    const target = targets.data[row]!;
    const known = target >= 0 && target < values.length;
    const scale = target === ignoreIndex ? 0 : known ? scalarOf(dloss) / count : Number.NaN;
    const probabilities = values.map((v) => Math.exp(v - largest.data[row]! - logSum.data[row]!));
    gradients[row]!.set(
      probabilities.map((q, i) => (scale === 0 ? 0 : (q - (i === target ? 1 : 0)) * scale)),
    );
  });
};
