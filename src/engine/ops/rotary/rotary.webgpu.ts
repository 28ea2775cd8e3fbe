import { extents } from '../../tensor/index.ts';
import { each, headsOf, type WebGpuKernel } from '../shared/webgpu.ts';
import type { rotaryOperation } from './rotary.ts';

export const rotaryWebGpu: WebGpuKernel<typeof rotaryOperation> = {
  stridedRows: [0], // queries and keys are parts of one matrix
  lower(tape, [x, position], [y], { base, inverse }) {
    const [B, TOKENS, HEADS, D] = extents(x.shape, 4);
    const HALF = D / 2;
    const N = B * TOKENS * HEADS * HALF;
    // How far each pair turns from one position to the next: a share of a full turn in units of 2⁻³².
    const speed = (i: number): number => ((base ** (-i / HALF) / (2 * Math.PI)) % 1) * 2 ** 32;
    const speeds = tape.table(Int32Array.from({ length: HALF }, (_, i) => Math.round(speed(i)) | 0));
    tape.emit('rotary', {
      operands: { x, position, speeds, y },
      indices: { x: headsOf(x, 1) },
      constants: { N, HALF, HEADS, TOKENS, DIRECTION: inverse ? -1 : 1, EACH: position.shape.length },
      ...each(N),
    });
  },
};
