import { first, lanes, largestOf, madd, storePart, sum4 } from '../shared/kernel.wasm';
import { exp4 } from '../shared/math.wasm';

/** y = eˣ⁻ᵐ / Σ eˣ⁻ᵐ with m the row's largest element. */
export function softmax(thread: i32, threads: i32, x: usize, y: usize, rows: i32, width: i32): void {
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    const at = (<usize>row * width) << 2;
    softmaxRow(x + at, y + at, width);
  }
}

function softmaxRow(x: usize, y: usize, n: i32): void {
  const m = f32x4.splat(largestOf(x, n));
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i <= n - 4; i += 4) {
    const at = <usize>i << 2;
    const e = exp4(f32x4.sub(v128.load(x + at), m));
    v128.store(y + at, e);
    sum = f32x4.add(sum, e);
  }
  if (i < n) {
    const at = <usize>i << 2;
    const e = v128.and(exp4(f32x4.sub(v128.load(x + at), m)), lanes(n - i));
    storePart(y + at, e, n - i);
    sum = f32x4.add(sum, e);
  }

  const scale = f32x4.splat(1 / sum4(sum));
  for (i = 0; i <= n - 4; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, f32x4.mul(v128.load(y + at), scale));
  }
  if (i < n) storePart(y + (<usize>i << 2), f32x4.mul(v128.load(y + (<usize>i << 2)), scale), n - i);
}

/** dx = y · (dy − Σ y · dy), row by row. */
export function softmaxGradient(thread: i32, threads: i32, y: usize, dy: usize, dx: usize, rows: i32, width: i32): void {
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    const at = (<usize>row * width) << 2;
    softmaxGradientRow(y + at, dy + at, dx + at, width);
  }
}

function softmaxGradientRow(y: usize, dy: usize, dx: usize, n: i32): void {
  let dot = f32x4.splat(0);
  let i = 0;
  for (; i <= n - 4; i += 4) {
    const at = <usize>i << 2;
    dot = madd(v128.load(y + at), v128.load(dy + at), dot);
  }
  if (i < n) {
    const at = <usize>i << 2;
    const product = f32x4.mul(v128.load(y + at), v128.load(dy + at));
    dot = f32x4.add(dot, v128.and(product, lanes(n - i)));
  }
  dot = f32x4.splat(sum4(dot));
  for (i = 0; i <= n - 4; i += 4) {
    const at = <usize>i << 2;
    v128.store(dx + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), dot)));
  }
  if (i < n) {
    const at = <usize>i << 2;
    storePart(dx + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), dot)), n - i);
  }
}
