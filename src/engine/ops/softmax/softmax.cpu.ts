import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import type * as ops from './softmax.ts';

export const softmaxCpu: CpuKernel<typeof ops.softmaxOperation> = {
  lower: (tape, [x], [y]) => tape.emit('softmax', { x, y, ...rowsOf(x) }),
};

export const softmaxGradientCpu: CpuKernel<typeof ops.softmaxGradientOperation> = {
  lower: (tape, [y, dy], [dx]) => tape.emit('softmaxGradient', { y, dy, dx, ...rowsOf(y) }),
};

export const crossEntropyCpu: CpuKernel<typeof ops.crossEntropyOperation> = {
  lower(tape, [logits, targets], [loss, largest, logSum], { ignoreIndex }) {
    const { rows, width } = rowsOf(logits);
    const losses = tape.scratch(rows);
    tape.emit('crossEntropyRows', { logits, targets, largest, logSum, losses, rows, width, ignoreIndex });
    tape.emit('crossEntropyMean', { losses, targets, loss, rows, ignoreIndex });
  },
};

export const crossEntropyGradientCpu: CpuKernel<typeof ops.crossEntropyGradientOperation> = {
  lower(tape, [logits, targets, largest, logSum, dloss], [dlogits], attributes) {
    const operands = { logits, targets, largest, logSum, dloss, dlogits };
    tape.emit('crossEntropyGradient', { ...operands, ...rowsOf(logits), ...attributes });
  },
};
