import { address, firstUnit, float, int, loadPart, storePart } from '../kernel.wasm';
import { dropMask4 } from '../philox.wasm';

/** x, key, y, n, p, site */
export function dropout(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const key = address(args, 1);
  const y = address(args, 2);
  const n = int(args, 3);
  const p = float(args, 4);
  const site = int(args, 5);
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
    const at = (<usize>i) << 2;
    storePart(y + at, f32x4.mul(loadPart(x + at, n - i), dropMask4(i >> 2, 0, site, key, p)), n - i);
  }
}
