import { extents } from '../../tensor/shape.ts';
import { positionOf, type ReferenceKernel, rowsOf } from '../shared/reference.ts';
import type { rotaryOperation } from './rotary.ts';

export const rotaryReference: ReferenceKernel<typeof rotaryOperation> = (
  [x, position],
  [y],
  { base, inverse },
) => {
  const [, T, H, D] = extents(x.shape, 4);
  const results = rowsOf(y);
  rowsOf(x).forEach((values, row) => {
    const t = positionOf(position, Math.floor(row / (T * H))) + (Math.floor(row / H) % T);
    const [first, second] = [values.subarray(0, D / 2), values.subarray(D / 2)];
    first.forEach((a, i) => {
      const b = second[i]!;
      const angle = (inverse ? -t : t) * base ** ((-2 * i) / D);
      results[row]![i] = a * Math.cos(angle) - b * Math.sin(angle);
      results[row]![i + D / 2] = b * Math.cos(angle) + a * Math.sin(angle);
    });
  });
};
