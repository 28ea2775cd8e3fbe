import type { CpuKernel } from '../shared/kernel.ts';
import type { crossEntropyGradientOperation, crossEntropyOperation } from './cross-entropy.ts';

export const crossEntropyCpu: CpuKernel<typeof crossEntropyOperation> = {
  lower(tape, [logits, targets], [loss, largest, logSum], { ignoreIndex }) {
    const [rows, width] = logits.shape as [number, number];
    const losses = tape.scratch(rows);
    tape.emit('crossEntropyRows', { logits, targets, largest, logSum, losses, rows, width, ignoreIndex });
    tape.emit('crossEntropyMean', { losses, targets, loss, rows, ignoreIndex });
  },
};

export const crossEntropyGradientCpu: CpuKernel<typeof crossEntropyGradientOperation> = {
  lower(tape, [logits, targets, largest, logSum, dloss], [dlogits], { ignoreIndex }) {
    const [rows, width] = dlogits.shape as [number, number];
    const operands = { logits, targets, largest, logSum, dloss, dlogits };
    tape.emit('crossEntropyGradient', { ...operands, rows, width, ignoreIndex });
  },
};
