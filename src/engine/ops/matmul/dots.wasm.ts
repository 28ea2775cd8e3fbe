// Dot products of many rows with many others, each added up in the order of `dot4` in matmul.wasm.ts, so that what comes
// of a row does not depend on how many there are beside it.
//
// A tile is the products of six rows x with two rows w: twelve registers of sums. `dot4` has two registers for each
// product, which take four terms in turn; here one half of the terms is walked after the other, since there are no
// registers for both. The rows x are copied into a strip, so that they are read in order.

import { madd, sumLanes } from '../shared/kernel.wasm';
import { MR } from './constants';

/** Terms that are walked, in pieces of so many; those left over are added one by one. */
const TERMS: i32 = 16;

/** Bytes of four terms of a strip. */
const STEP: usize = 16 * MR;

/** Bytes of a tile's sums, for one half of the terms. */
const HALF_SUMS: usize = 2 * 16 * MR;

/** Bytes of a strip of k terms. */
export function dotStripBytes(k: i32): usize {
  return <usize>(k & ~(TERMS - 1)) * (4 * MR);
}

/** Copies `height` (≤ 6) rows x of k numbers, `rows` bytes apart, into a strip; what is missing is the first once more. */
export function packDots(x: usize, rows: usize, height: i32, k: i32, strip: usize): void {
  const half = dotStripBytes(k) >> 1;
  for (let r = 0; r < MR; r++, strip += 16) {
    let from = r < height ? x + <usize>r * rows : x;
    for (let to = strip, end = strip + half; to < end; to += STEP, from += 32) {
      v128.store(to, v128.load(from));
      v128.store(to + half, v128.load(from, 16));
    }
  }
}

/** The sums of a tile over one half of the terms, four of every eight: (6, 2) vectors. */
function half(strip: usize, end: usize, w: usize, rowsW: usize, sums: usize): void {
  let next = w + rowsW;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  let s40 = s00;
  let s41 = s00;
  let s50 = s00;
  let s51 = s00;
  for (; strip < end; strip += STEP, w += 32, next += 32) {
    const w0 = v128.load(w);
    const w1 = v128.load(next);
    let x = v128.load(strip);
    s00 = madd(x, w0, s00);
    s01 = madd(x, w1, s01);
    x = v128.load(strip, 16);
    s10 = madd(x, w0, s10);
    s11 = madd(x, w1, s11);
    x = v128.load(strip, 32);
    s20 = madd(x, w0, s20);
    s21 = madd(x, w1, s21);
    x = v128.load(strip, 48);
    s30 = madd(x, w0, s30);
    s31 = madd(x, w1, s31);
    x = v128.load(strip, 64);
    s40 = madd(x, w0, s40);
    s41 = madd(x, w1, s41);
    x = v128.load(strip, 80);
    s50 = madd(x, w0, s50);
    s51 = madd(x, w1, s51);
  }
  v128.store(sums, s00);
  v128.store(sums, s01, 16);
  v128.store(sums, s10, 32);
  v128.store(sums, s11, 48);
  v128.store(sums, s20, 64);
  v128.store(sums, s21, 80);
  v128.store(sums, s30, 96);
  v128.store(sums, s31, 112);
  v128.store(sums, s40, 128);
  v128.store(sums, s41, 144);
  v128.store(sums, s50, 160);
  v128.store(sums, s51, 176);
}

/** The vector of both halves of a tile's sums that is the i-th from here, added up. */
@inline
function both(sums: usize, i: usize): v128 {
  return f32x4.add(v128.load(sums + (i << 4)), v128.load(sums + HALF_SUMS + (i << 4)));
}

/**
 * A tile of C: the dot products of a strip's `height` rows with two rows w (`rowsW` bytes apart) of k numbers, plus two of
 * `bias` unless that is 0; rows of C lie `ldc` bytes apart. `x` and `rowsX`: where the strip was packed from. `sums` has
 * memory for two halves.
 */
export function dots(
  strip: usize, x: usize, rowsX: usize, height: i32, w: usize, rowsW: usize, k: i32, bias: usize, c: usize, ldc: usize,
  sums: usize,
): void {
  const halfBytes = dotStripBytes(k) >> 1;
  half(strip, strip + halfBytes, w, rowsW, sums);
  half(strip + halfBytes, strip + 2 * halfBytes, w + 16, rowsW, sums + HALF_SUMS);
  const start = bias ? v128.load64_splat(bias) : f32x4.splat(0);
  for (let r = 0; r < height; r += 2, x += 2 * rowsX, c += 2 * ldc, sums += 64) {
    const below = r + 1 < height ? x + rowsX : x;
    let products = sumLanes(both(sums, 0), both(sums, 1), both(sums, 2), both(sums, 3));
    for (let at = <usize>(k & ~(TERMS - 1)) << 2, end = <usize>k << 2; at < end; at += 4) {
      const rows = v128.shuffle<i32>(v128.load32_splat(x + at), v128.load32_splat(below + at), 0, 0, 4, 4);
      const columns = v128.shuffle<i32>(v128.load32_splat(w + at), v128.load32_splat(w + rowsW + at), 0, 4, 0, 4);
      products = madd(rows, columns, products);
    }
    if (bias) products = f32x4.add(products, start);
    v128.store64_lane(c, products, 0);
    if (r + 1 < height) v128.store64_lane(c + ldc, products, 1);
  }
}
