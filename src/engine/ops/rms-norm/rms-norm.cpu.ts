import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import { headsOf, nests } from '../shared/strided.ts';
import type { rmsNormGradientOperation, rmsNormOperation } from './rms-norm.ts';

export const rmsNormCpu: CpuKernel<typeof rmsNormOperation> = {
  stridedRows: [0], // queries and keys are parts of one matrix
  lower(tape, [x], [y], { epsilon }) {
    const { width } = rowsOf(x);
    for (const { addresses, extents, strides } of nests([headsOf(x, 1), headsOf(y, 1)], 3)) {
      const [from, to] = addresses;
      tape.emit('rmsNorm', { x: from, y: to, width, epsilon, extents, strides: strides[0] });
    }
  },
};

export const rmsNormGradientCpu: CpuKernel<typeof rmsNormGradientOperation> = {
  stridedRows: [0],
  lower(tape, [x, dy], [dx], { epsilon }) {
    const { width } = rowsOf(x);
    for (const { addresses, extents, strides } of nests([headsOf(x, 1), headsOf(dy, 1), headsOf(dx, 1)], 3)) {
      const operands = { x: addresses[0], dy: addresses[1], dx: addresses[2] };
      tape.emit('rmsNormGradient', { ...operands, width, epsilon, extents, strides: strides[0] });
    }
  },
};
