import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import type { crossEntropyGradientOperation, crossEntropyOperation } from './cross-entropy.ts';

export const crossEntropyCpu: CpuKernel<typeof crossEntropyOperation> = {
  lower(tape, [logits, targets], [loss, largest, logSum], { ignoreIndex }) {
    const { rows, width } = rowsOf(logits);
    const losses = tape.scratch(rows);
    tape.emit('crossEntropyRows', { logits, targets, largest, logSum, losses, rows, width, ignoreIndex });
    tape.emit('crossEntropyMean', { losses, targets, loss, rows, ignoreIndex });
  },
};

export const crossEntropyGradientCpu: CpuKernel<typeof crossEntropyGradientOperation> = {
  lower(tape, [logits, targets, largest, logSum, dloss], [dlogits], attributes) {
    const operands = { logits, targets, largest, logSum, dloss, dlogits };
    tape.emit('crossEntropyGradient', { ...operands, ...rowsOf(logits), ...attributes });
  },
};
