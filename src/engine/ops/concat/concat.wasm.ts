import { first } from '../shared/kernel.wasm';

/** Rows of x (rows, n) to y, where they start `width` elements apart. */
export function concat(thread: i32, threads: i32, x: usize, y: usize, rows: i32, n: i32, width: i32): void {
  const bytes = <usize>n << 2;
  const step = <usize>width << 2;
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    memory.copy(y + <usize>row * step, x + <usize>row * bytes, bytes);
  }
}
