import { first } from '../shared/kernel.wasm';

/** update (B, t, C) into y (B, T, C) */
export function cacheWrite(
  thread: i32, threads: i32, update: usize, position: usize, y: usize, B: i32, T: i32, t: i32, C: i32,
): void {
  const start = load<i32>(position);
  for (let row = first(B * t, thread, threads), last = first(B * t, thread + 1, threads); row < last; row++) {
    const to = start + (row % t);
    if (<u32>to >= <u32>T) continue;
    const rowY = y + ((<usize>(((row / t) * T + to) * C)) << 2);
    memory.copy(rowY, update + ((<usize>(row * C)) << 2), (<usize>C) << 2);
  }
}
