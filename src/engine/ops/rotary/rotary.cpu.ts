import type { CpuLowering } from '../shared/kernel.ts';

const words = new DataView(new ArrayBuffer(8));

/** The two 32-bit words of a double, as kernel arguments. */
function doubleBits(value: number): [number, number] {
  words.setFloat64(0, value, true);
  return [words.getInt32(0, true), words.getInt32(4, true)];
}

export const rotaryCpu: CpuLowering<{ base: number; inverse: boolean }> = (
  tape,
  [x, position],
  [y],
  { base, inverse },
) => {
  const [B, T, H, D] = x!.shape as [number, number, number, number];
  const half = D / 2;
  // For each position its cosines, then its sines, both padded to whole vectors.
  const table = tape.scratch(4 * T * 2 * Math.ceil(half / 4) * 4);
  const ratio = doubleBits(base ** (-2 / D));
  tape.emit('rotaryTable', position!.address, table, T, half, inverse ? -1 : 1, ...ratio);
  tape.emit('rotary', x!.address, table, y!.address, B * T, T, H, half, ...x!.strides.slice(0, 3));
};
