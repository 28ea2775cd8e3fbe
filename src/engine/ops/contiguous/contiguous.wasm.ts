import { first, int, Words } from '../shared/kernel.wasm';

/** Copies x, of four dimensions and any strides; y is row-major. */
export function contiguous(thread: i32, threads: i32, x: usize, y: usize, extents: Words, strides: Words): void {
  const e1 = int(extents, 1);
  const e2 = int(extents, 2);
  const e3 = int(extents, 3);
  const s0 = int(strides, 0);
  const s1 = int(strides, 1);
  const s2 = int(strides, 2);
  const s3 = int(strides, 3);
  const rows = int(extents, 0) * e1 * e2;
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
