import { address, first, int } from '../shared/kernel.wasm';

/** ids (B, S), position, y (B, length), B, S, length, order, rows. The hash is defined in ngram.ts. */
export function ngram(args: usize, thread: i32, threads: i32): void {
  const ids = address(args, 0);
  const position = load<i32>(address(args, 1));
  const y = address(args, 2);
  const n = int(args, 3) * int(args, 5);
  const S = int(args, 4);
  const length = int(args, 5);
  const order = int(args, 6);
  const rows = <u32>int(args, 7);
  const last = first(n, thread + 1, threads);
  for (let i = first(n, thread, threads); i < last; i++) {
    const sequence = ids + ((<usize>((i / length) * S)) << 2);
    const p = position + (i % length);
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
    store<i32>(y + ((<usize>i) << 2), <i32>(h % rows));
  }
}
