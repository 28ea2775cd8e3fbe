import type { CpuKernel, CpuView } from '../shared/kernel.ts';
import { nests } from '../shared/strided.ts';
import type { rmsNormGradientOperation, rmsNormOperation } from './rms-norm.ts';

export const rmsNormCpu: CpuKernel<typeof rmsNormOperation> = {
  stridedRows: [0], // queries and keys are parts of one matrix
  lower(tape, [x], [y], { epsilon }) {
    const width = x.shape.at(-1)!;
    for (const { addresses, extents, strides } of nests([heads(x), heads(y)], 3)) {
      const [from, to] = addresses;
      tape.emit('rmsNorm', { x: from, y: to, width, epsilon, extents, strides: strides[0] });
    }
  },
};

export const rmsNormGradientCpu: CpuKernel<typeof rmsNormGradientOperation> = {
  stridedRows: [0],
  lower(tape, [x, dy], [dx], { epsilon }) {
    const width = x.shape.at(-1)!;
    for (const { addresses, extents, strides } of nests([heads(x), heads(dy), heads(dx)], 3)) {
      const [from, fromDy, to] = addresses;
      tape.emit('rmsNormGradient', {
        x: from,
        dy: fromDy,
        dx: to,
        width,
        epsilon,
        extents,
        strides: strides[0],
      });
    }
  },
};

/** The first element of each row. */
function heads(view: CpuView): CpuView {
  return { ...view, shape: view.shape.slice(0, -1), strides: view.strides.slice(0, -1) };
}
