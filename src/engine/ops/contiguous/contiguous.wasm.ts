import { address, first, int } from '../shared/kernel.wasm';

/** x, y, extents e0…e3, strides s0…s3 of x: y is row-major. */
export function contiguous(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const e0 = int(args, 2);
  const e1 = int(args, 3);
  const e2 = int(args, 4);
  const e3 = int(args, 5);
  const s0 = int(args, 6);
  const s1 = int(args, 7);
  const s2 = int(args, 8);
  const s3 = int(args, 9);
  const rows = e0 * e1 * e2;
  if (rows == 1 && s3 == 1) {
    const from = first(e3, thread, threads);
    memory.copy(y + (<usize>from << 2), x + (<usize>from << 2), <usize>(first(e3, thread + 1, threads) - from) << 2);
    return;
  }
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    const i2 = row % e2;
    const i1 = (row / e2) % e1;
    const i0 = row / (e1 * e2);
    let from = x + (<usize>(i0 * s0 + i1 * s1 + i2 * s2) << 2);
    let to = y + (<usize>(row * e3) << 2);
    if (s3 == 1) {
      memory.copy(to, from, <usize>e3 << 2);
      continue;
    }
    const step = <usize>s3 << 2;
    for (let i = 0; i < e3; i++) {
      store<i32>(to, load<i32>(from));
      from += step;
      to += 4;
    }
  }
}
