import { sizeOf } from '../../tensor/shape.ts';
import type { KernelName } from '../opcodes.generated.ts';
import type { CpuLowering } from '../shared/kernel.ts';

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
export const reluSquaredCpu = map('rectifySquared');
export const sigmoidCpu = map('logistic');
export const squareCpu = map('squared');

const mapGradient =
  (kernel: KernelName): CpuLowering =>
  (tape, [x, dy], [dx]) =>
    tape.emit(kernel, x!.address, dy!.address, dx!.address, sizeOf(x!.shape));

export const reluGradientCpu = mapGradient('rectifyGradient');
export const reluSquaredGradientCpu = mapGradient('rectifySquaredGradient');
