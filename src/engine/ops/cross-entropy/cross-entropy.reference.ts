import type { ReferenceKernel } from '../shared/kernel.ts';
import type { CrossEntropyAttributes } from './cross-entropy.ts';

export const crossEntropyReference: ReferenceKernel<CrossEntropyAttributes> = (
  [logits, targets],
  [loss, largest, logSum],
  { ignoreIndex },
) => {
  const [rows, width] = logits!.shape as [number, number];
  let sum = 0;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const values = logits!.data.subarray(row * width, (row + 1) * width);
    const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    largest!.data[row] = most;
    logSum!.data[row] = Math.log(values.reduce((total, v) => total + Math.exp(v - most), 0));
    const target = targets!.data[row]!;
    if (target === ignoreIndex) continue;
    sum += logSum!.data[row]! - ((values[target] ?? Number.NaN) - most);
    count++;
  }
  loss!.data[0] = sum / count;
};

export const crossEntropyGradientReference: ReferenceKernel<CrossEntropyAttributes> = (
  [logits, targets, largest, logSum, dloss],
  [dlogits],
  { ignoreIndex },
) => {
  const [rows, width] = logits!.shape as [number, number];
  const count = targets!.data.filter((target) => target !== ignoreIndex).length;
  dlogits!.data.fill(0);
  for (let row = 0; row < rows; row++) {
    const target = targets!.data[row]!;
    if (target === ignoreIndex) continue;
    const scale = target >= 0 && target < width ? dloss!.data[0]! / count : Number.NaN;
    for (let i = 0; i < width; i++) {
      const at = row * width + i;
      const probability = Math.exp(logits!.data[at]! - largest!.data[row]! - logSum!.data[row]!);
      dlogits!.data[at] = (probability - (i === target ? 1 : 0)) * scale;
    }
  }
};
