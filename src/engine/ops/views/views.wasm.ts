import { fill, first, int, itemAt, itemsOf, Words } from '../shared/kernel.wasm';

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

/**
 * x (rows, n), y (rows, width): of each row of y the elements from start to end are the first of a row of x, all
 * others the value, an integer if `integers`.
 */
export function pad(
  thread: i32, threads: i32, x: usize, y: usize, rows: i32, start: i32, end: i32, n: i32, width: i32,
  value: f64, integers: i32,
): void {
  const filler = integers ? i32x4.splat(<i32>value) : f32x4.splat(<f32>value);
  for (let row = first(rows, thread, threads), last = first(rows, thread + 1, threads); row < last; row++) {
    const to = y + (<usize>(row * width) << 2);
    fill(to, start, filler);
    memory.copy(to + (<usize>start << 2), x + (<usize>(row * n) << 2), <usize>(end - start) << 2);
    fill(to + (<usize>end << 2), width - end, filler);
  }
}

/** Rows of x (rows, n) to y, where they start `width` elements apart. */
export function concat(thread: i32, threads: i32, x: usize, y: usize, rows: i32, n: i32, width: i32): void {
  const bytes = <usize>n << 2;
  const step = <usize>width << 2;
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    memory.copy(y + <usize>row * step, x + <usize>row * bytes, bytes);
  }
}
