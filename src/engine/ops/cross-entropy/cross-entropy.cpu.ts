import type { CpuLowering } from '../shared/kernel.ts';
import type { CrossEntropyAttributes } from './cross-entropy.ts';

export const crossEntropyCpu: CpuLowering<CrossEntropyAttributes> = (
  tape,
  [logits, targets],
  [loss, largest, logSum],
  { ignoreIndex },
) => {
  const [rows, width] = logits!.shape as [number, number];
  const losses = tape.scratch(4 * rows);
  const addresses = [logits, targets, largest, logSum].map((view) => view!.address);
  tape.emit('crossEntropyRows', ...addresses, losses, rows, width, ignoreIndex);
  tape.emit('crossEntropyMean', losses, targets!.address, loss!.address, rows, ignoreIndex);
};

export const crossEntropyGradientCpu: CpuLowering<CrossEntropyAttributes> = (
  tape,
  inputs,
  [dlogits],
  { ignoreIndex },
) => {
  const [rows, width] = dlogits!.shape as [number, number];
  const addresses = [...inputs, dlogits!].map((view) => view.address);
  tape.emit('crossEntropyGradient', ...addresses, rows, width, ignoreIndex);
};
