import type { ReferenceKernel } from '../shared/kernel.ts';

export const rotaryReference: ReferenceKernel<{ base: number; inverse: boolean }> = (
  [x, position],
  [y],
  { base, inverse },
) => {
  const [, T, H, D] = x!.shape as [number, number, number, number];
  const half = D / 2;
  for (let row = 0; row < x!.data.length / D; row++) {
    const t = position!.data[0]! + (Math.floor(row / H) % T);
    for (let i = 0; i < half; i++) {
      const angle = (inverse ? -t : t) * base ** ((-2 * i) / D);
      const [a, b] = [row * D + i, row * D + half + i];
      y!.data[a] = x!.data[a]! * Math.cos(angle) - x!.data[b]! * Math.sin(angle);
      y!.data[b] = x!.data[b]! * Math.cos(angle) + x!.data[a]! * Math.sin(angle);
    }
  }
};
