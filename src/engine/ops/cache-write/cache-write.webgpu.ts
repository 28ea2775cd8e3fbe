import { extents, sizeOf } from '../../tensor/index.ts';
import { each, samePlace, type WebGpuKernel } from '../shared/webgpu.ts';
import { copy } from '../views/views.webgpu.ts';
import type { cacheWriteOperation } from './cache-write.ts';

export const cacheWriteWebGpu: WebGpuKernel<typeof cacheWriteOperation> = {
  inPlace: [0],
  lower(tape, [cache, update, position], [y]) {
    if (!samePlace(y, cache)) copy(tape, cache, y);
    const [, PLACES] = extents(cache.shape, 3);
    const [, LENGTH, WIDTH] = extents(update.shape, 3);
    const N = sizeOf(update.shape);
    tape.emit('cacheWrite', {
      operands: { update, position, y },
      constants: { N, PLACES, LENGTH, WIDTH, EACH: position.shape.length },
      ...each(N),
    });
  },
};
