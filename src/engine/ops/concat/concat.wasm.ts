import { address, first, int } from '../shared/kernel.wasm';

/** x (rows, n), y, rows, n, width:  rows of x to y, where they start `width` elements apart */
export function concat(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const rows = int(args, 2);
  const bytes = <usize>int(args, 3) << 2;
  const width = <usize>int(args, 4) << 2;
  const end = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < end; row++) {
    memory.copy(y + <usize>row * width, x + <usize>row * bytes, bytes);
  }
}
