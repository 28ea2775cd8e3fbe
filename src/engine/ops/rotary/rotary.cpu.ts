import type { CpuKernel } from '../shared/kernel.ts';
import type { rotaryOperation } from './rotary.ts';

export const rotaryCpu: CpuKernel<typeof rotaryOperation> = {
  stridedRows: [0], // queries and keys are parts of one matrix
  lower(tape, [x, position], [y], { base, inverse }) {
    const [B, T, H, D] = x.shape as [number, number, number, number];
    const [strideB, strideT, strideH] = x.strides as [number, number, number, number];
    const half = D / 2;
    const step = Math.ceil(half / 4) * 4; // whole vectors
    const each = position.shape.length;
    const rows = each ? B * T : T;
    const table = { cosines: tape.scratch(rows * step), sines: tape.scratch(rows * step), step };
    const [direction, ratio] = [inverse ? -1 : 1, base ** (-2 / D)];
    tape.emit('rotaryTable', { position, ...table, rows, T, half, direction, ratio });
    tape.emit('rotary', { x, ...table, rows, y, tokens: B * T, T, H, half, strideB, strideT, strideH });
  },
};
