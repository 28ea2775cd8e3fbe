import { first, int } from '../shared/kernel.wasm';

/** update (b, t, C) into the first sequences of y (B, T, C), which stand at positions of their own if `each` is 1 */
export function cacheWrite(
  thread: i32, threads: i32, update: usize, position: usize, each: i32, y: usize, b: i32, T: i32, t: i32, C: i32,
): void {
  for (let row = first(b * t, thread, threads), last = first(b * t, thread + 1, threads); row < last; row++) {
    const sequence = row / t;
    const to = int(position, sequence * each) + (row % t);
    if (<u32>to >= <u32>T) continue;
    const rowY = y + ((<usize>((sequence * T + to) * C)) << 2);
    memory.copy(rowY, update + ((<usize>(row * C)) << 2), (<usize>C) << 2);
  }
}
