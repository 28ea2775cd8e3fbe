import { sizeOf } from '../../tensor/shape.ts';
import { type CpuLowering, floatBits } from '../shared/kernel.ts';

export const layerNormCpu: CpuLowering<{ epsilon: number }> = (
  tape,
  [x, weight, bias],
  [y, mean, rstd],
  { epsilon },
) => {
  tape.emit(
    'layerNorm',
    x!.address,
    weight!.address,
    bias?.address ?? 0,
    y!.address,
    mean!.address,
    rstd!.address,
    sizeOf(mean!.shape),
    weight!.shape[0]!,
    floatBits(epsilon),
  );
};

/** At most so many partial sums are kept for a parameter's gradient, each over at least so many rows. */
const MOST_BLOCKS = 64;
const LEAST_ROWS = 16;

export const layerNormGradientCpu: CpuLowering = (
  tape,
  [x, weight, mean, rstd, dy],
  [dx, dweight, dbias],
) => {
  const rows = sizeOf(mean!.shape);
  const width = weight!.shape[0]!;
  const rowsPerBlock = Math.max(LEAST_ROWS, Math.ceil(rows / MOST_BLOCKS));
  const blocks = Math.ceil(rows / rowsPerBlock);
  // Each block holds its share of dweight, then of dbias, both padded to whole vectors.
  const padded = Math.ceil(width / 4) * 4;
  const partials = tape.scratch(4 * blocks * 2 * padded);
  tape.emit(
    'layerNormGradient',
    x!.address,
    weight!.address,
    mean!.address,
    rstd!.address,
    dy!.address,
    dx!.address,
    partials,
    rows,
    width,
    rowsPerBlock,
  );
  tape.emit('layerNormGradientSum', partials, dweight!.address, dbias?.address ?? 0, blocks, width);
};
