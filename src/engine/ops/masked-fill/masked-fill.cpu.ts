import { emitElementwise } from '../shared/elementwise.cpu.ts';
import { type CpuLowering, floatBits } from '../shared/kernel.ts';

export const maskedFillCpu: CpuLowering<{ value: number }> = (tape, [x, mask], [y], { value }) => {
  emitElementwise(tape, 'maskedFill', x!, mask!, y!, floatBits(value));
};
