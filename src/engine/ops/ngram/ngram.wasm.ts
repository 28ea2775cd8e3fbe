import { first } from '../shared/kernel.wasm';

/** ids (B, S), y (B, length). The hash is defined in ngram.ts. */
export function ngram(
  thread: i32, threads: i32, ids: usize, position: usize, y: usize, B: i32, S: i32, length: i32, order: i32,
  rows: i32,
): void {
  const start = load<i32>(position);
  const n = B * length;
  for (let i = first(n, thread, threads), last = first(n, thread + 1, threads); i < last; i++) {
    const sequence = ids + ((<usize>((i / length) * S)) << 2);
    const p = start + (i % length);
    let h: u32 = 0;
    for (let j = 0; j < order; j++) {
      const place = p - j;
      const token = <u32>place < <u32>S ? load<i32>(sequence + ((<usize>place) << 2)) : -1;
      h = (h ^ <u32>(token + 1)) * 0x9e3779b1;
      h ^= h >> 15;
    }
    h = (h ^ (h >> 16)) * 0x85ebca6b;
    h = (h ^ (h >> 13)) * 0xc2b2ae35;
    h ^= h >> 16;
    store<i32>(y + ((<usize>i) << 2), <i32>(h % <u32>rows));
  }
}
