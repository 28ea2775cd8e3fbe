import { emitElementwise } from '../elementwise.cpu.ts';
import { type CpuLowering, floatBits } from '../kernel.ts';

export const maskedFillCpu: CpuLowering<{ value: number }> = (tape, [x, mask], [y], { value }) => {
  emitElementwise(tape, 'maskedFill', x!, mask!, y!, floatBits(value));
};
