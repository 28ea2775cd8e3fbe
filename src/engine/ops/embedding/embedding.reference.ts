import type { ReferenceKernel } from '../shared/kernel.ts';

export const embeddingReference: ReferenceKernel = ([weight, indices], [y]) => {
  const width = weight!.shape[1]!;
  for (let i = 0; i < y!.data.length; i++) {
    const row = indices!.data[Math.floor(i / width)]!;
    y!.data[i] = weight!.data[row * width + (i % width)] ?? Number.NaN;
  }
};

export const embeddingGradientReference: ReferenceKernel = ([dy, indices], [dweight]) => {
  const [rows, width] = dweight!.shape as [number, number];
  dweight!.data.fill(0);
  for (let i = 0; i < dy!.data.length; i++) {
    const row = indices!.data[Math.floor(i / width)]!;
    if (row >= 0 && row < rows) dweight!.data[row * width + (i % width)]! += dy!.data[i]!;
  }
};
