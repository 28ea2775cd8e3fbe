import { address, first, int } from '../shared/kernel.wasm';

/** cache, y, n */
export function cacheCopy(args: usize, thread: i32, threads: i32): void {
  const n = int(args, 2);
  const from = (<usize>first(n, thread, threads)) << 2;
  const to = (<usize>first(n, thread + 1, threads)) << 2;
  memory.copy(address(args, 1) + from, address(args, 0) + from, to - from);
}

/** update (B, t, C), position, y (B, T, C), B, T, t, C */
export function cacheWrite(args: usize, thread: i32, threads: i32): void {
  const position = load<i32>(address(args, 1));
  const B = int(args, 3);
  const T = int(args, 4);
  const t = int(args, 5);
  const C = int(args, 6);
  const last = first(B * t, thread + 1, threads);
  for (let row = first(B * t, thread, threads); row < last; row++) {
    const to = position + (row % t);
    if (<u32>to >= <u32>T) continue;
    const y = address(args, 2) + ((<usize>(((row / t) * T + to) * C)) << 2);
    memory.copy(y, address(args, 0) + ((<usize>(row * C)) << 2), (<usize>C) << 2);
  }
}
