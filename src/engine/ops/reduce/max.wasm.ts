import { first, largestOf } from '../shared/kernel.wasm';

/** y (rows): the largest element of each row of x (rows, width); NaN if there is one. */
export function max(thread: i32, threads: i32, x: usize, y: usize, rows: i32, width: i32): void {
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    store<f32>(y + (<usize>row << 2), largestOf(x + ((<usize>row * width) << 2), width));
  }
}

/** dx (rows, width): dy (rows) at the first of a row's largest elements, else 0. */
export function maxGradient(thread: i32, threads: i32, x: usize, dy: usize, dx: usize, rows: i32, width: i32): void {
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    const at = (<usize>row * width) << 2;
    const m = largestOf(x + at, width);
    let i: usize = 0;
    for (let v = load<f32>(x + at); v != m && !(isNaN(m) && isNaN(v)); v = load<f32>(x + at + i)) i += 4;
    memory.fill(dx + at, 0, <usize>width << 2);
    store<f32>(dx + at + i, load<f32>(dy + (<usize>row << 2)));
  }
}
