import { sizeOf } from '../../tensor/index.ts';
import { dropConstants } from '../shared/philox.ts';
import { each, type WebGpuKernel } from '../shared/webgpu.ts';
import type { dropoutOperation } from './dropout.ts';

export const dropoutWebGpu: WebGpuKernel<typeof dropoutOperation> = {
  lower(tape, [x, key], [y], { p, site }) {
    const N = sizeOf(x.shape);
    const constants = { N, ...dropConstants(p, site) };
    tape.emit('dropout', { operands: { x, key, y }, constants, ...each(Math.ceil(N / 4)) });
  },
};
