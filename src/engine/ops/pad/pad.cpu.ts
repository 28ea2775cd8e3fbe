import { sizeOf } from '../../tensor/shape.ts';
import { type CpuLowering, floatBits } from '../shared/kernel.ts';

export const padCpu: CpuLowering<{ dim: number; before: number; value: number }> = (
  tape,
  [x],
  [y],
  { dim, before, value },
) => {
  const outer = sizeOf(x!.shape.slice(0, dim));
  const inner = sizeOf(x!.shape.slice(dim + 1));
  const [from, to] = [x!.shape[dim]!, y!.shape[dim]!];
  const cut = Math.min(Math.max(0, -before), from);
  const start = Math.min(Math.max(0, before), to); // of what comes from x
  const end = Math.max(start, Math.min(to, before + from));
  tape.emit(
    'pad',
    x!.address + 4 * cut * inner,
    y!.address,
    outer,
    start * inner,
    end * inner,
    from * inner,
    to * inner,
    x!.dtype === 'f32' ? floatBits(value) : value,
  );
};
