import { address, first, int, lanes, max4 } from '../shared/kernel.wasm';

/** x (rows, n), y (rows), rows, n:  the largest element of each row; NaN if there is one */
export function largest(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const rows = int(args, 2);
  const n = int(args, 3);
  const end = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < end; row++) {
    store<f32>(y + (<usize>row << 2), largestOf(x + ((<usize>row * n) << 2), n));
  }
}

/** The largest of n neighbours. */
export function largestOf(p: usize, n: i32): f32 {
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let m2 = m0;
  let m3 = m0;
  let i = 0;
  for (; i <= n - 16; i += 16) {
    m0 = f32x4.max(m0, v128.load(p));
    m1 = f32x4.max(m1, v128.load(p, 16));
    m2 = f32x4.max(m2, v128.load(p, 32));
    m3 = f32x4.max(m3, v128.load(p, 48));
    p += 64;
  }
  for (; i < n; i += 4) {
    m0 = f32x4.max(m0, v128.bitselect(v128.load(p), m0, lanes(n - i)));
    p += 16;
  }
  return max4(f32x4.max(f32x4.max(m0, m1), f32x4.max(m2, m3)));
}

/** x (rows, n), dy (rows), dx (rows, n), rows, n:  dy at the first of a row's largest elements, else 0 */
export function largestGradient(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const dy = address(args, 1);
  const dx = address(args, 2);
  const rows = int(args, 3);
  const n = int(args, 4);
  const end = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < end; row++) {
    const at = (<usize>row * n) << 2;
    const m = largestOf(x + at, n);
    let i: usize = 0;
    for (let v = load<f32>(x + at); v != m && !(isNaN(m) && isNaN(v)); v = load<f32>(x + at + i)) i += 4;
    memory.fill(dx + at, 0, <usize>n << 2);
    store<f32>(dx + at + i, load<f32>(dy + (<usize>row << 2)));
  }
}
