import { first, lanes, largestOf, madd, scaleRow, storePart, sum4 } from '../shared/kernel.wasm';
import { exp4, log4 } from '../shared/math.wasm';

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
  scaleRow(y, y, n, 1 / sum4(sum));
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

// Loops of cross entropy have the test at their end: V8 moves what does not change only out of these. Rows have at
// least one element.

/** The n floats at p, and −∞ beyond them. */
function loadOrMinusInfinity(p: usize, n: i32): v128 {
  const v = v128.load(p);
  if (n >= 4) return v;
  return v128.bitselect(v, f32x4.splat(-Infinity), lanes(n));
}

/** log Σ exp(x − largest) of n floats. */
function rowLogSum(p: usize, n: i32, largest: f32): f32 {
  const m = f32x4.splat(largest);
  let sum = f32x4.splat(0);
  let i = 0;
  do {
    sum = f32x4.add(sum, exp4(f32x4.sub(loadOrMinusInfinity(p + (<usize>i << 2), n - i), m)));
    i += 4;
  } while (i < n);
  return f32x4.extract_lane(log4(f32x4.splat(sum4(sum))), 0);
}

/** What each row adds to the loss. */
export function crossEntropyRows(
  thread: i32, threads: i32, logits: usize, targets: usize, largest: usize, logSum: usize, losses: usize,
  rows: i32, width: i32, ignoreIndex: i32,
): void {
  for (let row = first(rows, thread, threads), last = first(rows, thread + 1, threads); row < last; row++) {
    const at = <usize>row << 2;
    const rowLogits = logits + (<usize>(row * width) << 2);
    const target = load<i32>(targets + at);
    const m = largestOf(rowLogits, width);
    const s = rowLogSum(rowLogits, width, m);
    store<f32>(largest + at, m);
    store<f32>(logSum + at, s);
    let loss: f32 = 0;
    if (target != ignoreIndex) {
      loss = <u32>target < <u32>width ? s - (load<f32>(rowLogits + (<usize>target << 2)) - m) : f32.NaN;
    }
    store<f32>(losses + at, loss);
  }
}

export function crossEntropyMean(
  thread: i32, threads: i32, losses: usize, targets: usize, loss: usize, rows: i32, ignoreIndex: i32,
): void {
  if (thread != 0) return;
  let sum: f64 = 0;
  for (let row = 0; row < rows; row++) sum += load<f32>(losses + (<usize>row << 2));
  store<f32>(loss, <f32>(sum / countTargets(targets, rows, ignoreIndex)));
}

/** How many of the targets are not `ignoreIndex`. */
function countTargets(targets: usize, rows: i32, ignoreIndex: i32): i32 {
  let count = 0;
  for (let row = 0; row < rows; row++) count += <i32>(load<i32>(targets + (<usize>row << 2)) != ignoreIndex);
  return count;
}

export function crossEntropyGradient(
  thread: i32, threads: i32, logits: usize, targets: usize, largest: usize, logSum: usize, dloss: usize,
  dlogits: usize, rows: i32, width: i32, ignoreIndex: i32,
): void {
  const scale = load<f32>(dloss) / <f32>countTargets(targets, rows, ignoreIndex);
  for (let row = first(rows, thread, threads), last = first(rows, thread + 1, threads); row < last; row++) {
    const at = <usize>(row * width) << 2;
    const from = logits + at;
    const to = dlogits + at;
    const target = load<i32>(targets + (<usize>row << 2));
    if (target == ignoreIndex) {
      memory.fill(to, 0, <usize>width << 2);
      continue;
    }
    const known = <u32>target < <u32>width;
    const s = f32x4.splat(known ? scale : f32.NaN);
    const m = v128.load32_splat(largest + (<usize>row << 2));
    const logs = v128.load32_splat(logSum + (<usize>row << 2));
    let i = 0;
    do {
      const p = <usize>i << 2;
      const probability = exp4(f32x4.sub(f32x4.sub(v128.load(from + p), m), logs));
      storePart(to + p, f32x4.mul(probability, s), width - i);
      i += 4;
    } while (i < width);
    if (!known) continue;
    const p = to + (<usize>target << 2);
    store<f32>(p, load<f32>(p) - scale);
  }
}
