import { first, int, itemAt, itemsOf, Words } from '../shared/kernel.wasm';

/** Copies x, of four dimensions and any strides; y is row-major. */
export function contiguous(thread: i32, threads: i32, x: usize, y: usize, extents: Words, strides: Words): void {
  const width = int(extents, 3);
  const stride = int(strides, 3);
  const rows = itemsOf(extents);
  if (rows == 1 && stride == 1) {
    const from = first(width, thread, threads);
    const n = first(width, thread + 1, threads) - from;
    memory.copy(y + (<usize>from << 2), x + (<usize>from << 2), <usize>n << 2);
    return;
  }
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    let from = itemAt(x, row, extents, strides);
    let to = y + (<usize>(row * width) << 2);
    if (stride == 1) {
      memory.copy(to, from, <usize>width << 2);
      continue;
    }
    for (let i = 0; i < width; i++, from += <usize>stride << 2, to += 4) store<i32>(to, load<i32>(from));
  }
}
