import { emitElementwise } from '../shared/elementwise.cpu.ts';
import type { CpuLowering } from '../shared/kernel.ts';

export const addCpu: CpuLowering = (tape, [a, b], [y]) => {
  emitElementwise(tape, y!.dtype === 'f32' ? 'addFloats' : 'addIntegers', a!, b!, y!);
};

export const subCpu: CpuLowering = (tape, [a, b], [y]) => emitElementwise(tape, 'subtract', a!, b!, y!);

export const mulCpu: CpuLowering = (tape, [a, b], [y]) => {
  emitElementwise(tape, y!.dtype === 'f32' ? 'multiply' : 'multiplyIntegers', a!, b!, y!);
};

export const divCpu: CpuLowering = (tape, [a, b], [y]) => emitElementwise(tape, 'divide', a!, b!, y!);
