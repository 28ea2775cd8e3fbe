import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering } from '../kernel.ts';
import type { KernelName } from '../opcodes.generated.ts';

const map =
  (kernel: KernelName): CpuLowering =>
  (tape, [x], [y]) =>
    tape.emit(kernel, x!.address, y!.address, sizeOf(x!.shape));

export const negCpu = map('negate');
export const expCpu = map('exponential');
export const logCpu = map('logarithm');
export const sqrtCpu = map('squareRoot');
export const tanhCpu = map('hyperbolicTangent');
export const reluCpu = map('rectify');
export const squareCpu = map('squared');

export const reluGradientCpu: CpuLowering = (tape, [x, dy], [dx]) => {
  tape.emit('rectifyGradient', x!.address, dy!.address, dx!.address, sizeOf(x!.shape));
};
