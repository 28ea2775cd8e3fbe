// Products of rows of floats with rows of 8-bit integers: weights of the type q8. Each row of floats is rounded to 16-bit
// integers first, as fine as sums of so many products leave room for. So sums are those of integers: they are exact, and
// the same in any order and beside any neighbours. One row takes few instructions that are not reading; many take tiles.

import { firstUnit, loadPart, PerThread } from '../shared/kernel.wasm';
import { Q8_LARGEST, Q8_ROWS } from './constants';

/** Bytes of a row of k 8-bit integers: whole vectors, with zeros after the last. */
export function q8RowBytes(k: i32): usize {
  return <usize>((k + 15) & ~15);
}

/**
 * C (m × n) = A (m × k) · Wᵀ, plus `bias` (0 for none) in each row and `addend`, which lies as C
 * does (0 for none). W: n rows of integers, then what one is worth in each. `integers` has memory for A in 16 bits, and
 * `units` for what one is worth in each row of it.
 */
export function linearQ8(
  thread: i32, threads: i32, a: usize, w: usize, c: usize, m: i32, n: i32, k: i32, bias: usize, addend: usize,
  integers: PerThread, units: PerThread,
): void {
  const rowBytes = q8RowBytes(k);
  const stripBytes = rowBytes * 2 * Q8_ROWS;
  const unitsW = w + <usize>n * rowBytes;
  const left = m % Q8_ROWS;
  // A tile takes about as long for three rows as for four.
  const tiled = left == Q8_ROWS - 1 ? m + 1 : m - left;
  for (let i = 0; i < max(tiled, m); i++) {
    const row = a + ((<usize>min(i, m - 1) * <usize>k) << 2);
    store<f32>(units + (<usize>i << 2), toIntegers(row, k, placeOf(integers, i, tiled, rowBytes), stepOf(i, tiled)));
  }
  for (let j = firstUnit(n, 4, thread, threads), end = firstUnit(n, 4, thread + 1, threads); j < end; j += 4) {
    const rows = w + <usize>j * rowBytes;
    const unit = unitsW + (<usize>j << 2);
    const whole = j + 4 <= n;
    const start = bias ? bias + (<usize>j << 2) : 0;
    for (let i = 0; whole && i < tiled; i += Q8_ROWS) {
      const at = (<usize>i * <usize>n + <usize>j) << 2;
      const x = integers + <usize>(i / Q8_ROWS) * stripBytes;
      const unitX = units + (<usize>i << 2);
      const more = addend ? addend + at : 0;
      const height = min(Q8_ROWS, m - i);
      tile(x, rows, rowBytes, unitX, unit, start, more, c + at, n, height);
      tile(x, rows + 2 * rowBytes, rowBytes, unitX, unit + 8, start ? start + 8 : 0, more ? more + 8 : 0, c + at + 8, n, height);
    }
    for (let i = whole ? tiled : 0; i < m; i++) {
      const at = (<usize>i * <usize>n + <usize>j) << 2;
      const x = placeOf(integers, i, tiled, rowBytes);
      const step = stepOf(i, tiled);
      const unitX = load<f32>(units + (<usize>i << 2));
      const more = addend ? addend + at : 0;
      if (whole) {
        let y = f32x4.mul(f32x4.convert_i32x4_s(dot4(x, step, rows, rowBytes, rowBytes)), f32x4.mul(v128.load(unit), f32x4.splat(unitX)));
        if (start) y = f32x4.add(y, v128.load(start));
        if (more) y = f32x4.add(y, v128.load(more));
        v128.store(c + at, y);
        continue;
      }
      for (let r: usize = 0; r < <usize>(n - j); r++) {
        const sums = dot4(x, step, rows + r * rowBytes, rowBytes, 0);
        let y = <f32>i32x4.extract_lane(sums, 0) * (load<f32>(unit + (r << 2)) * unitX);
        if (start) y += load<f32>(start + (r << 2));
        if (more) y += load<f32>(more + (r << 2));
        store<f32>(c + at + (r << 2), y);
      }
    }
  }
}

/** Bytes from eight integers of row i to the next: rows of a tile lie side by side, others by themselves. */
@inline
function stepOf(i: i32, tiled: i32): usize {
  return i < tiled ? 16 * Q8_ROWS : 16;
}

/** Where the integers of row i begin. */
function placeOf(integers: usize, i: i32, tiled: i32, rowBytes: usize): usize {
  const whole = i < tiled ? i - (i % Q8_ROWS) : i;
  return integers + <usize>whole * rowBytes * 2 + <usize>(i - whole) * 16;
}

/** Rounds k floats to integers, eight every `step` bytes, with zeros after the last; what one of them is worth. */
function toIntegers(x: usize, k: i32, to: usize, step: usize): f32 {
  // The largest sum there can be is k products of this with Q8_LARGEST.
  const most = <f32>min(<i32>i16.MAX_VALUE, i32.MAX_VALUE / (Q8_LARGEST * k));
  const largest = largestMagnitude(x, k);
  const factor = f32x4.splat(most / largest);
  for (let left = (k + 15) & ~15, n = k; left > 0; left -= 8, n -= 8, x += 32, to += step) {
    const low = n > 0 ? f32x4.mul(loadPart(x, n), factor) : f32x4.splat(0);
    const high = n > 4 ? f32x4.mul(loadPart(x + 16, n - 4), factor) : f32x4.splat(0);
    const integers = i16x8.narrow_i32x4_s(
      i32x4.trunc_sat_f32x4_s(f32x4.nearest(low)),
      i32x4.trunc_sat_f32x4_s(f32x4.nearest(high)),
    );
    v128.store(to, integers);
  }
  return largest / most;
}

/** The largest magnitude of k floats; NaN if one of them is: the bits of magnitudes are ordered as these are, NaN last. */
function largestMagnitude(x: usize, k: i32): f32 {
  let largest = i32x4.splat(0);
  for (; k > 0; k -= 4, x += 16) {
    largest = i32x4.max_s(largest, v128.and(loadPart(x, k), i32x4.splat(i32.MAX_VALUE)));
  }
  const high = i32x4.max_s(largest, v128.shuffle<i64>(largest, largest, 1, 0));
  const both = i32x4.max_s(high, v128.shuffle<i32>(high, high, 1, 0, 3, 2));
  return f32x4.extract_lane(both, 0);
}

/** The sums of the lanes of four vectors, side by side. */
@inline
function sumLanes(v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  const sums01 = i32x4.add(v128.shuffle<i32>(v0, v1, 0, 4, 1, 5), v128.shuffle<i32>(v0, v1, 2, 6, 3, 7));
  const sums23 = i32x4.add(v128.shuffle<i32>(v2, v3, 0, 4, 1, 5), v128.shuffle<i32>(v2, v3, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i64>(sums01, sums23, 0, 2), v128.shuffle<i64>(sums01, sums23, 1, 3));
}

/** sum + the products of eight 16-bit integers with eight of 8 bits, made wider. */
@inline
function include(sum: v128, x: v128, w: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(x, w));
}

/** x · w for four rows w of `rowBytes`, so many bytes `apart`; x has eight integers every `step` bytes. */
function dot4(x: usize, step: usize, w: usize, rowBytes: usize, apart: usize): v128 {
  const w1 = w + apart;
  const w2 = w1 + apart;
  const w3 = w2 + apart;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let i: usize = 0; i < rowBytes; i += 16, x += 2 * step) {
    const low = v128.load(x);
    const high = v128.load(x + step);
    s0 = include(s0, low, v128.load8x8_s(w + i));
    s1 = include(s1, low, v128.load8x8_s(w1 + i));
    s2 = include(s2, low, v128.load8x8_s(w2 + i));
    s3 = include(s3, low, v128.load8x8_s(w3 + i));
    s0 = include(s0, high, v128.load8x8_s(w + i, 8));
    s1 = include(s1, high, v128.load8x8_s(w1 + i, 8));
    s2 = include(s2, high, v128.load8x8_s(w2 + i, 8));
    s3 = include(s3, high, v128.load8x8_s(w3 + i, 8));
  }
  return sumLanes(s0, s1, s2, s3);
}

/** A tile of C, `height` (≤ 4) rows of two columns, whose rows lie n floats apart: see `linearQ8`. */
function tile(
  x: usize, w: usize, rowBytes: usize, unitX: usize, unitW: usize, bias: usize, addend: usize, c: usize, n: i32, height: i32,
): void {
  const w1 = w + rowBytes;
  let s00 = i32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (let i: usize = 0; i < rowBytes; i += 8, x += 16 * Q8_ROWS) {
    const v0 = v128.load8x8_s(w + i);
    const v1 = v128.load8x8_s(w1 + i);
    let u = v128.load(x);
    s00 = include(s00, u, v0);
    s01 = include(s01, u, v1);
    u = v128.load(x, 16);
    s10 = include(s10, u, v0);
    s11 = include(s11, u, v1);
    u = v128.load(x, 32);
    s20 = include(s20, u, v0);
    s21 = include(s21, u, v1);
    u = v128.load(x, 48);
    s30 = include(s30, u, v0);
    s31 = include(s31, u, v1);
  }
  finish(sumLanes(s00, s01, s10, s11), unitX, unitW, bias, addend, c, n, height);
  const below = <usize>n << 3;
  finish(sumLanes(s20, s21, s30, s31), unitX + 8, unitW, bias, addend ? addend + below : 0, c + below, n, height - 2);
}

/** Two rows of two columns of C from their sums; the second only if `height` is more than 1. */
@inline
function finish(
  sums: v128, unitX: usize, unitW: usize, bias: usize, addend: usize, c: usize, n: i32, height: i32,
): void {
  const below = <usize>n << 2;
  const rows = v128.load64_zero(unitX);
  const units = f32x4.mul(v128.load64_splat(unitW), v128.shuffle<i32>(rows, rows, 0, 0, 1, 1));
  let y = f32x4.mul(f32x4.convert_i32x4_s(sums), units);
  if (bias) y = f32x4.add(y, v128.load64_splat(bias));
  if (addend) {
    let more = v128.load64_zero(addend);
    if (height > 1) more = v128.load64_lane(addend + below, more, 1);
    y = f32x4.add(y, more);
  }
  v128.store64_lane(c, y, 0);
  if (height > 1) v128.store64_lane(c + below, y, 1);
}
