import { address, firstUnit, float, int } from '../shared/kernel.wasm';
import { dropRow } from '../shared/philox.wasm';

/** x, key, y, n, p, site */
export function dropout(args: usize, thread: i32, threads: i32): void {
  const n = int(args, 3);
  const from = firstUnit(n, 16, thread, threads);
  const count = firstUnit(n, 16, thread + 1, threads) - from;
  if (count <= 0) return;
  const at = <usize>from << 2;
  dropRow(address(args, 0) + at, address(args, 2) + at, from, count, 0, int(args, 5), address(args, 1), float(args, 4));
}
