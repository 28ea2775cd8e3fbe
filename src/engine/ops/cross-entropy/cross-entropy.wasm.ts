// Loops with the test at their end: V8 moves what does not change only out of these. Rows have at least one
// element.

import { address, first, int, lanes, max4, storePart, sum4 } from '../shared/kernel.wasm';
import { exp4, log4 } from '../shared/math.wasm';

/** The n floats at p, and −∞ beyond them. */
// @ts-ignore: decorator
@inline
function loadOrMinusInfinity(p: usize, n: i32): v128 {
  const v = v128.load(p);
  if (n >= 4) return v;
  return v128.bitselect(v, f32x4.splat(-Infinity), lanes(n));
}

/** Largest of n floats; NaN if one of them is. (`pmax` is far quicker than `max`, but passes over NaN.) */
function rowMax(p: usize, n: i32): f32 {
  let a = f32x4.splat(-Infinity);
  let nan = f32x4.splat(0);
  let i = 0;
  do {
    const v = loadOrMinusInfinity(p + (<usize>i << 2), n - i);
    nan = v128.or(nan, f32x4.ne(v, v));
    a = f32x4.pmax(a, v);
    i += 4;
  } while (i < n);
  return v128.any_true(nan) ? f32.NaN : max4(a);
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

/** logits, targets, largest, logSum, losses, rows, width, ignoreIndex: what each row adds to the loss */
export function crossEntropyRows(args: usize, thread: i32, threads: i32): void {
  const targets = address(args, 1);
  const rows = int(args, 5);
  const width = int(args, 6);
  const ignoreIndex = int(args, 7);
  const last = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < last; row++) {
    const at = <usize>row << 2;
    const logits = address(args, 0) + (<usize>(row * width) << 2);
    const target = load<i32>(targets + at);
    const largest = rowMax(logits, width);
    const logSum = rowLogSum(logits, width, largest);
    store<f32>(address(args, 2) + at, largest);
    store<f32>(address(args, 3) + at, logSum);
    let loss: f32 = 0;
    if (target != ignoreIndex) {
      loss = <u32>target < <u32>width ? logSum - (load<f32>(logits + (<usize>target << 2)) - largest) : f32.NaN;
    }
    store<f32>(address(args, 4) + at, loss);
  }
}

/** losses, targets, loss, rows, ignoreIndex */
export function crossEntropyMean(args: usize, thread: i32, threads: i32): void {
  if (thread != 0) return;
  const losses = address(args, 0);
  const rows = int(args, 3);
  let sum: f64 = 0;
  for (let row = 0; row < rows; row++) sum += load<f32>(losses + (<usize>row << 2));
  store<f32>(address(args, 2), <f32>(sum / countTargets(address(args, 1), rows, int(args, 4))));
}

/** How many of the targets are not `ignoreIndex`. */
function countTargets(targets: usize, rows: i32, ignoreIndex: i32): i32 {
  let count = 0;
  for (let row = 0; row < rows; row++) count += <i32>(load<i32>(targets + (<usize>row << 2)) != ignoreIndex);
  return count;
}

/** logits, targets, largest, logSum, dloss, dlogits, rows, width, ignoreIndex */
export function crossEntropyGradient(args: usize, thread: i32, threads: i32): void {
  const targets = address(args, 1);
  const rows = int(args, 6);
  const width = int(args, 7);
  const ignoreIndex = int(args, 8);
  const scale = load<f32>(address(args, 4)) / <f32>countTargets(targets, rows, ignoreIndex);
  const last = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < last; row++) {
    const at = <usize>(row * width) << 2;
    const logits = address(args, 0) + at;
    const dlogits = address(args, 5) + at;
    const target = load<i32>(targets + (<usize>row << 2));
    if (target == ignoreIndex) {
      memory.fill(dlogits, 0, <usize>width << 2);
      continue;
    }
    const known = <u32>target < <u32>width;
    const s = f32x4.splat(known ? scale : f32.NaN);
    const largest = v128.load32_splat(address(args, 2) + (<usize>row << 2));
    const logSum = v128.load32_splat(address(args, 3) + (<usize>row << 2));
    let i = 0;
    do {
      const p = <usize>i << 2;
      const probability = exp4(f32x4.sub(f32x4.sub(v128.load(logits + p), largest), logSum));
      storePart(dlogits + p, f32x4.mul(probability, s), width - i);
      i += 4;
    } while (i < width);
    if (!known) continue;
    const p = dlogits + (<usize>target << 2);
    store<f32>(p, load<f32>(p) - scale);
  }
}
