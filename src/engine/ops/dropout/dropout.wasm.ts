import { firstUnit } from '../shared/kernel.wasm';
import { dropRow } from '../shared/philox.wasm';

export function dropout(thread: i32, threads: i32, x: usize, key: usize, y: usize, n: i32, p: f32, site: i32): void {
  const from = firstUnit(n, 16, thread, threads);
  const count = firstUnit(n, 16, thread + 1, threads) - from;
  if (count <= 0) return;
  const at = <usize>from << 2;
  dropRow(x + at, y + at, from, count, 0, site, key, p);
}
