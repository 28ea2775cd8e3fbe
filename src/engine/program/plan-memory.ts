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

/** The first place from `offset` on where so many bytes do not lie across a cut. */
function withinBank(offset: number, bytes: number, bankBytes: number): number {
  const end = (Math.floor(offset / bankBytes) + 1) * bankBytes;
  return offset + bytes > end && offset % bankBytes > 0 ? end : offset;
}

/**
 * Gives every buffer an offset in one arena so that buffers alive at the same time never overlap.
 * Greedy by size: the largest first, each at the lowest offset that is free during its whole life
 * (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, §4.2).
 *
 * The arena may be cut into banks of `bankBytes`, a multiple of ALIGNMENT: no buffer lies across a cut, as long as
 * it is no larger than a bank.
 */
export function planMemory(
  lifetimes: readonly Lifetime[],
  bankBytes = Number.POSITIVE_INFINITY,
): { offsets: number[]; bytes: number } {
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
      offset = withinBank(Math.max(offset, align(offsets[j]! + other.bytes)), size, bankBytes);
    }
    offsets[i] = offset;
    bytes = Math.max(bytes, align(offset + size));
    const at = placed.findIndex((j) => offsets[j]! > offset);
    placed.splice(at < 0 ? placed.length : at, 0, i);
  }
  return { offsets, bytes };
}
