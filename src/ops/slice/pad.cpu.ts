import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering } from '../kernel.ts';

export const padCpu: CpuLowering<{ dim: number; before: number }> = (tape, [x], [y], { dim, before }) => {
  const outer = sizeOf(x!.shape.slice(0, dim));
  const inner = sizeOf(x!.shape.slice(dim + 1));
  tape.emit(
    'pad',
    x!.address,
    y!.address,
    outer,
    before * inner,
    x!.shape[dim]! * inner,
    y!.shape[dim]! * inner,
  );
};
