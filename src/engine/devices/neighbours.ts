import { ALIGNMENT } from '../program/plan-memory.ts';

/**
 * Values of variables, as `Device.alter` gives them, in as few arrays as possible: those that lie side by side in one
 * memory as one, with what is between them. Memory is given out in blocks, so that nobody else's is there.
 */
export function neighbours(values: readonly Float32Array[]): Float32Array[] {
  const sorted = [...values].sort((a, b) => a.byteOffset - b.byteOffset);
  const joined: Float32Array[] = [];
  for (const next of sorted) {
    const last = joined.at(-1);
    const gap =
      last?.buffer === next.buffer ? next.byteOffset - last.byteOffset - last.byteLength : ALIGNMENT;
    if (!last || gap >= ALIGNMENT) joined.push(next);
    else {
      const bytes = next.byteOffset + next.byteLength - last.byteOffset;
      joined[joined.length - 1] = new Float32Array(last.buffer, last.byteOffset, bytes / 4);
    }
  }
  return joined;
}
