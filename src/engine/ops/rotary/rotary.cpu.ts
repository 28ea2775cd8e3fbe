import type { CpuKernel } from '../shared/kernel.ts';
import type { rotaryOperation } from './rotary.ts';

export const rotaryCpu: CpuKernel<typeof rotaryOperation> = {
  stridedRows: [0], // queries and keys are parts of one matrix
  lower(tape, [x, position], [y], { base, inverse }) {
    const [B, T, H, D] = x.shape as [number, number, number, number];
    const [strideB, strideT, strideH] = x.strides as [number, number, number, number];
    const half = D / 2;
    const step = Math.ceil(half / 4) * 4; // whole vectors
    const table = { cosines: tape.scratch(T * step), sines: tape.scratch(T * step), step };
    const [direction, ratio] = [inverse ? -1 : 1, base ** (-2 / D)];
    tape.emit('rotaryTable', { position, ...table, T, half, direction, ratio });
    tape.emit('rotary', { x, ...table, y, tokens: B * T, T, H, half, strideB, strideT, strideH });
  },
};
