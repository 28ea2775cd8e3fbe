// Products of rows of floats with rows of 8-bit integers: weights of the type q8. Each row of floats is rounded to 16-bit
// integers first, as fine as sums of so many products leave room for. So sums are those of integers: they are exact, and
// the same in any order, with any instructions and beside any neighbours.
//
// What a single row costs is reading the weights, so these lie in the order in which they are read, and there is little to
// do for each vector of them: see q8.ts. Neighbouring vectors are treated alike, for engines that join them to wider ones.

import { firstUnit, loadPart, PerThread, storePart } from '../shared/kernel.wasm';
import { Q8_COLUMNS, Q8_GROUP, Q8_LARGEST, Q8_ROWS, Q8_TILE } from './constants';

/** Bytes of a row of k 8-bit integers, with zeros after the last. */
export function q8RowBytes(k: i32): usize {
  return <usize>((k + Q8_COLUMNS - 1) & -Q8_COLUMNS);
}

/** Where the numbers stand that integers are multiples of, one for each row: after n rows, in whole pairs of groups. */
export function q8Units(w: usize, n: i32, k: i32): usize {
  return w + <usize>((n + Q8_ROWS - 1) & -Q8_ROWS) * q8RowBytes(k);
}

/**
 * C (m × n) = A (m × k) · Wᵀ, plus `bias` (0 for none) in each row and `addend`, which lies as C does (0 for none). `integers`
 * has memory for A in 16 bits, `units` for the numbers that these are multiples of, and `sums` for a tile, eight
 * vectors for each of its rows.
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
  const end = firstUnit(n, Q8_ROWS, thread + 1, threads);
  for (let j = firstUnit(n, Q8_ROWS, thread, threads); j < end; j += Q8_ROWS) {
    const rows = w + <usize>j * rowBytes;
    for (let i = 0; i < m; ) {
      const x = integers + (<usize>i * rowBytes << 1);
      const height = i + Q8_TILE <= m ? Q8_TILE : 1;
      if (height > 1) {
        for (let g: usize = 0; g < 2; g++) {
          tile(x, rows + g * Q8_GROUP * rowBytes, rowBytes, sums + (g << 6));
          tile(x, rows + g * Q8_GROUP * rowBytes + 16, rowBytes, sums + (g << 6) + 32);
        }
      } else single(x, rows, rowBytes, sums);
      for (let from = sums, last = i + height; i < last; i++, from += 128) {
        const unit = v128.load32_splat(units + (<usize>i << 2));
        for (let l = 0; l < Q8_ROWS && j + l < n; l += 4) {
          const left = n - j - l;
          const at = <usize>(j + l) << 2;
          const total = addPairs(v128.load(from + (l << 3)), v128.load(from + (l << 3), 16));
          let y = f32x4.mul(f32x4.convert_i32x4_s(total), f32x4.mul(v128.load(unitsW + at), unit));
          if (bias) y = f32x4.add(y, loadPart(bias + at, left));
          const row = <usize>i * <usize>n << 2;
          if (addend) y = f32x4.add(y, loadPart(addend + row + at, left));
          storePart(c + row + at, y, left);
        }
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

/** The sums of neighbouring lanes. */
@inline
function addPairs(low: v128, high: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7));
}

/** sum + the products of four integers, twice over, with four each of two rows, in pairs. */
@inline
function include(sum: v128, x: v128, w: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(x, w));
}

/** A row x by two groups of rows w: two sums for each of these. */
function single(x: usize, w: usize, rowBytes: usize, sums: usize): void {
  const end = w + Q8_GROUP * rowBytes;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (let next = end; w < end; x += 8, w += 32, next += 32) {
    const u = v128.load64_splat(x);
    s0 = include(s0, u, v128.load8x8_s(w));
    s1 = include(s1, u, v128.load8x8_s(w, 8));
    s2 = include(s2, u, v128.load8x8_s(w, 16));
    s3 = include(s3, u, v128.load8x8_s(w, 24));
    s4 = include(s4, u, v128.load8x8_s(next));
    s5 = include(s5, u, v128.load8x8_s(next, 8));
    s6 = include(s6, u, v128.load8x8_s(next, 16));
    s7 = include(s7, u, v128.load8x8_s(next, 24));
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
}

/** Four rows x by half a group of rows w: two sums for each product, those of a row x in two vectors of 128 bytes. */
function tile(x: usize, w: usize, rowBytes: usize, sums: usize): void {
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
  for (const end = w + Q8_GROUP * rowBytes; w < end; w += 32, x += 8, x1 += 8, x2 += 8, x3 += 8) {
    const v0 = v128.load8x8_s(w);
    const v1 = v128.load8x8_s(w, 8);
    let u = v128.load64_splat(x);
    s00 = include(s00, u, v0);
    s01 = include(s01, u, v1);
    u = v128.load64_splat(x1);
    s10 = include(s10, u, v0);
    s11 = include(s11, u, v1);
    u = v128.load64_splat(x2);
    s20 = include(s20, u, v0);
    s21 = include(s21, u, v1);
    u = v128.load64_splat(x3);
    s30 = include(s30, u, v0);
    s31 = include(s31, u, v1);
  }
  v128.store(sums, s00);
  v128.store(sums, s01, 16);
  v128.store(sums, s10, 128);
  v128.store(sums, s11, 144);
  v128.store(sums, s20, 256);
  v128.store(sums, s21, 272);
  v128.store(sums, s30, 384);
  v128.store(sums, s31, 400);
}
