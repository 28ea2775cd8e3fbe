import { fill, first } from '../shared/kernel.wasm';

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
