import { address, first, int, storePart } from '../shared/kernel.wasm';

/**
 * x (rows, n), y (rows, width), rows, start, end, n, width, value: of each row of y the elements from start to
 * end are the first of a row of x, all others the value
 */
export function pad(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 2);
  const start = int(args, 3);
  const end = int(args, 4);
  const n = int(args, 5);
  const width = int(args, 6);
  const value = v128.load32_splat(args + 28);
  const last = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < last; row++) {
    const x = address(args, 0) + (<usize>(row * n) << 2);
    const y = address(args, 1) + (<usize>(row * width) << 2);
    fill(y, start, value);
    memory.copy(y + (<usize>start << 2), x, <usize>(end - start) << 2);
    fill(y + (<usize>end << 2), width - end, value);
  }
}

/** The same value in n neighbouring elements. */
function fill(y: usize, n: i32, value: v128): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, y += 16) v128.store(y, value);
  if (i < n) storePart(y, value, n - i);
}
