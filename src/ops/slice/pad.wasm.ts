import { address, first, int } from '../kernel.wasm';

/** x (rows, n), y (rows, width), rows, before, n, width:  `before` zeros, a row of x, and zeros to the end */
export function pad(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const rows = int(args, 2);
  const before = <usize>int(args, 3) << 2;
  const bytes = <usize>int(args, 4) << 2;
  const width = <usize>int(args, 5) << 2;
  const end = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < end; row++) {
    const to = y + <usize>row * width;
    memory.fill(to, 0, before);
    memory.copy(to + before, x + <usize>row * bytes, bytes);
    memory.fill(to + before + bytes, 0, width - before - bytes);
  }
}
