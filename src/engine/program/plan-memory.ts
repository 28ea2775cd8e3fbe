/** A buffer's size and the span of instructions (both ends included) during which it holds a live value. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** WebGPU's smallest alignment of a binding; one plan serves every device. */
export const ALIGNMENT = 256;

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * Gives every buffer an offset in one arena so that buffers alive at the same time never overlap.
 * Greedy by size: the largest first, each at the lowest offset that is free during its whole life
 * (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, §4.2).
 */
export function planMemory(lifetimes: readonly Lifetime[]): { offsets: number[]; bytes: number } {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b);
  const placed: number[] = []; // sorted by offset
  let bytes = 0;
  for (const i of order) {
    const { first, last, bytes: size } = lifetimes[i]!;
    let offset = 0;
    for (const j of placed) {
      const other = lifetimes[j]!;
      if (other.last < first || other.first > last) continue;
      if (offset + size <= offsets[j]!) break;
      offset = Math.max(offset, align(offsets[j]! + other.bytes));
    }
    offsets[i] = offset;
    bytes = Math.max(bytes, align(offset + size));
    const at = placed.findIndex((j) => offsets[j]! > offset);
    placed.splice(at < 0 ? placed.length : at, 0, i);
  }
  return { offsets, bytes };
}
