// Products of rows of floats with rows of 8-bit integers: weights of the type q8. Each row of floats is rounded to 16-bit
// integers first, as fine as sums of so many products leave room for. So sums are those of integers: they are exact, and
// the same in any order and beside any neighbours. A row by itself takes few instructions that are not reading; several
// rows are taken in tiles.

import { firstUnit, loadPart, PerThread, storePart } from '../shared/kernel.wasm';
import { Q8_GROUP, Q8_LARGEST } from './constants';

/** Bytes of a row of k 8-bit integers: whole vectors, with zeros after the last. */
export function q8RowBytes(k: i32): usize {
  return <usize>((k + 15) & ~15);
}

/** Where the numbers stand that integers are multiples of, one for each of n rows: after whole groups of rows. */
export function q8Units(w: usize, n: i32, k: i32): usize {
  return w + <usize>((n + Q8_GROUP - 1) & -Q8_GROUP) * q8RowBytes(k);
}

/**
 * C (m × n) = A (m × k) · Wᵀ, plus `bias` (0 for none) in each row and `addend`, which lies as C does (0 for none). `integers`
 * has memory for A in 16 bits, whole groups of rows, `units` for the numbers that these are multiples of, and `sums` for a
 * group of rows of four.
 */
export function linearQ8(
  thread: i32, threads: i32, a: usize, w: usize, c: usize, m: i32, n: i32, k: i32, bias: usize, addend: usize,
  integers: PerThread, units: PerThread, sums: PerThread,
): void {
  const rowBytes = q8RowBytes(k);
  const unitsW = q8Units(w, n, k);
  for (let i = 0; i < m; i++) {
    const to = integers + (<usize>i * rowBytes << 1);
    store<f32>(units + (<usize>i << 2), toIntegers(a + (<usize>i * <usize>k << 2), k, to));
  }
  for (let j = firstUnit(n, 4, thread, threads), end = firstUnit(n, 4, thread + 1, threads); j < end; j += 4) {
    const rows = w + <usize>j * rowBytes;
    for (let i = 0; i < m; ) {
      const x = integers + (<usize>i * rowBytes << 1);
      const tiled = i + Q8_GROUP <= m;
      if (tiled) {
        tile(x, rows, rowBytes, sums);
        tile(x, rows + 2 * rowBytes, rowBytes, sums + 8);
      } else dot4(x, rows, rowBytes, sums);
      for (let end = tiled ? i + Q8_GROUP : i + 1, from = sums; i < end; i++, from += 16) {
        const at = (<usize>i * <usize>n + <usize>j) << 2;
        const unit = v128.load32_splat(units + (<usize>i << 2));
        let y = f32x4.mul(f32x4.convert_i32x4_s(v128.load(from)), f32x4.mul(loadPart(unitsW + (<usize>j << 2), n - j), unit));
        if (bias) y = f32x4.add(y, loadPart(bias + (<usize>j << 2), n - j));
        if (addend) y = f32x4.add(y, loadPart(addend + at, n - j));
        storePart(c + at, y, n - j);
      }
    }
  }
}

/** Rounds k floats to integers, with zeros after the last; what one of them is worth. */
function toIntegers(x: usize, k: i32, to: usize): f32 {
  // The largest sum there can be is k products of this with Q8_LARGEST.
  const most = <f32>min(<i32>i16.MAX_VALUE, i32.MAX_VALUE / (Q8_LARGEST * k));
  const largest = largestMagnitude(x, k);
  const factor = f32x4.splat(most / largest);
  memory.fill(to + (q8RowBytes(k) << 1) - 32, 0, 32);
  for (; k > 0; k -= 4, x += 16, to += 8) {
    const steps = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(loadPart(x, k), factor)));
    v128.store64_lane(to, i16x8.narrow_i32x4_s(steps, steps), 0);
  }
  return largest / most;
}

/** The largest magnitude of k floats; NaN if one of them is: the bits of magnitudes are ordered as these are, NaN last. */
function largestMagnitude(x: usize, k: i32): f32 {
  let largest = i32x4.splat(0);
  for (; k > 0; k -= 4, x += 16)
    largest = i32x4.max_s(largest, v128.and(loadPart(x, k), i32x4.splat(i32.MAX_VALUE)));
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 2, 3, 0, 1));
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 1, 0, 3, 2));
  return f32x4.extract_lane(largest, 0);
}

/** The sums of the lanes of four vectors, side by side. */
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

/** x · w for four rows w. */
function dot4(x: usize, w: usize, rowBytes: usize, sums: usize): void {
  let w1 = w + rowBytes;
  let w2 = w1 + rowBytes;
  let w3 = w2 + rowBytes;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (const end = w1; w < end; x += 32, w += 16, w1 += 16, w2 += 16, w3 += 16) {
    let u = v128.load(x);
    s0 = include(s0, u, v128.load8x8_s(w));
    s1 = include(s1, u, v128.load8x8_s(w1));
    s2 = include(s2, u, v128.load8x8_s(w2));
    s3 = include(s3, u, v128.load8x8_s(w3));
    u = v128.load(x, 16);
    s0 = include(s0, u, v128.load8x8_s(w, 8));
    s1 = include(s1, u, v128.load8x8_s(w1, 8));
    s2 = include(s2, u, v128.load8x8_s(w2, 8));
    s3 = include(s3, u, v128.load8x8_s(w3, 8));
  }
  v128.store(sums, sumLanes(s0, s1, s2, s3));
}

/** x · w for four rows x and two rows w; sums of a row x lie 16 bytes apart. */
function tile(x: usize, w: usize, rowBytes: usize, sums: usize): void {
  let w1 = w + rowBytes;
  let x1 = x + (rowBytes << 1);
  let x2 = x1 + (rowBytes << 1);
  let x3 = x2 + (rowBytes << 1);
  let s00 = i32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (const end = w1; w < end; w += 8, w1 += 8, x += 16, x1 += 16, x2 += 16, x3 += 16) {
    const v0 = v128.load8x8_s(w);
    const v1 = v128.load8x8_s(w1);
    let u = v128.load(x);
    s00 = include(s00, u, v0);
    s01 = include(s01, u, v1);
    u = v128.load(x1);
    s10 = include(s10, u, v0);
    s11 = include(s11, u, v1);
    u = v128.load(x2);
    s20 = include(s20, u, v0);
    s21 = include(s21, u, v1);
    u = v128.load(x3);
    s30 = include(s30, u, v0);
    s31 = include(s31, u, v1);
  }
  const upper = sumLanes(s00, s01, s10, s11);
  const lower = sumLanes(s20, s21, s30, s31);
  v128.store64_lane(sums, upper, 0);
  v128.store64_lane(sums, upper, 1, 16);
  v128.store64_lane(sums, lower, 0, 32);
  v128.store64_lane(sums, lower, 1, 48);
}
