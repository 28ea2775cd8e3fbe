// Causal attention, one (batch, head) after another: its keys and values are packed once, then the queries
// pass by in strips of 6 rows that see only the keys they may. Scores live in a strip's own buffer (forward)
// or in one of ROWS rows (backward), never as a T × T matrix.

import { fill, first, int, loadPart, madd, PerThread, scaleRow, storePart, sumLanes, Words } from '../shared/kernel.wasm';
import { MR, ROWS } from '../matmul/constants';
import { packB, packStrip } from '../matmul/gemm.wasm';
import { NR, PANEL, tile, tilePart, ZEROS } from '../matmul/tile.wasm';
import { log4 } from '../shared/math.wasm';
import { dropRow } from '../shared/philox.wasm';
import { dotRow, round8, rowExp, rowMax, rowSlopes } from './rows.wasm';

/** Where a (batch, head) of a (B, T, H, D) view starts. */
function start(view: usize, b: i32, h: i32, strides: Words): usize {
  return view + (<usize>(b * int(strides, 0) + h * int(strides, 2)) << 2);
}

/** How far apart the rows of a (batch, head) of a (B, T, H, D) view are, in bytes. */
function rowBytes(strides: Words): usize {
  return <usize>int(strides, 1) << 2;
}

/** A strip's products with the first `keys` of the keys in panels; rows of scores lie `row` bytes apart. */
function scoreStrip(strip: usize, panels: usize, D: i32, scores: usize, row: usize, keys: i32): void {
  for (let j = 0; j < keys; j += NR) {
    tile(strip, panels + <usize>j * (<usize>D << 2), D, ZEROS, 0, scores + (<usize>j << 2), row);
  }
}

/** A strip's products with the D columns of a matrix in panels of `rows`, over k of them: see `tilePart`. */
function multiplyStrip(
  strip: usize, panels: usize, rows: i32, k: i32, start: usize, to: usize, ldc: usize, height: i32, D: i32, edge: usize,
): void {
  for (let c = 0; c < D; c += NR) {
    const at = <usize>c << 2;
    tilePart(strip, panels + at * <usize>rows, k, start, to + at, ldc, height, min(NR, D - c), edge);
  }
}

/**
 * y (B, T, H, D) and lse (B, H, T), the logarithms of the rows' sums, from views q (B, T, H, D), k and v (B, S, H, D).
 * Rows of scores lie `ld` elements apart. Each sequence stands at a position of its own if `each` is 1.
 */
export function attention(
  thread: i32, threads: i32, q: usize, k: usize, v: usize, position: usize, each: i32, key: usize,
  y: usize, lse: usize,
  B: i32, T: i32, S: i32, H: i32, D: i32, scale: f32, p: f32, site: i32,
  stridesQ: Words, stridesK: Words, stridesV: Words, ld: i32,
  strip: PerThread, scores: PerThread, keys: PerThread, values: PerThread, shifts: PerThread, sums: PerThread,
  edge: PerThread,
): void {
  const rowsQ = rowBytes(stridesQ);
  const rowsK = rowBytes(stridesK);
  const rowsV = rowBytes(stridesV);
  const rowsY = <usize>(H * D) << 2;
  const row = <usize>ld << 2;
  const pairs = B * H;
  for (let pair = first(pairs, thread, threads), last = first(pairs, thread + 1, threads); pair < last; pair++) {
    const b = pair / H;
    const h = pair % H;
    const past = int(position, b * each);
    const visible = min(S, past + T);
    const fromQ = start(q, b, h, stridesQ);
    const to = y + (<usize>(b * T * H * D + h * D) << 2);
    const toLse = lse + (<usize>(pair * T) << 2);
    packB(start(k, b, h, stridesK), 4, rowsK, D, visible, keys, 0, (visible + NR - 1) / NR);
    packB(start(v, b, h, stridesV), rowsV, 4, visible, D, values, 0, (D + NR - 1) / NR);
    for (let i = 0; i < T; i += MR) {
      const height = min(MR, T - i);
      const limit = min(S, past + i + height);
      packStrip(fromQ + <usize>i * rowsQ, rowsQ, 4, height, D, strip);
      scoreStrip(strip, keys, D, scores, row, limit);
      for (let r = 0; r < height; r++) {
        const x = scores + <usize>r * row;
        const n = min(S, past + i + r + 1);
        const shift = rowMax(x, n) * scale;
        const sum = rowExp(x, n, limit, scale, shift);
        store<f32>(shifts + (<usize>r << 2), shift);
        store<f32>(sums + (<usize>r << 2), sum);
        if (p > 0) dropRow(x, x, 0, n, pair * T + i + r, site, key, p);
      }
      for (let r = 0; r < height; r += 4) {
        const at = <usize>r << 2;
        const logSum = f32x4.add(v128.load(shifts + at), log4(v128.load(sums + at)));
        storePart(toLse + (<usize>(i + r) << 2), logSum, height - r);
      }
      packStrip(scores, row, 4, height, limit, strip);
      multiplyStrip(strip, values, visible, limit, ZEROS, to + <usize>i * rowsY, rowsY, height, D, edge);
      for (let r = 0; r < height; r++) {
        const from = to + <usize>(i + r) * rowsY;
        scaleRow(from, from, D, 1 / load<f32>(sums + (<usize>r << 2)));
      }
    }
  }
}

/** Keys and values that are fetched at once for all heads. */
const BLOCK: i32 = 16;

/** The scores of a query with n keys, `rows` bytes apart. */
function scoreRows(query: usize, keys: usize, rows: usize, n: i32, D: i32, scores: usize): void {
  let j = 0;
  for (; j + 4 <= n && (D & 3) == 0; j += 4, keys += rows << 2) {
    const k1 = keys + rows;
    const k2 = k1 + rows;
    const k3 = k2 + rows;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let at: usize = 0, end = <usize>D << 2; at < end; at += 16) {
      const q = v128.load(query + at);
      s0 = madd(q, v128.load(keys + at), s0);
      s1 = madd(q, v128.load(k1 + at), s1);
      s2 = madd(q, v128.load(k2 + at), s2);
      s3 = madd(q, v128.load(k3 + at), s3);
    }
    v128.store(scores + (<usize>j << 2), sumLanes(s0, s1, s2, s3));
  }
  for (; j < n; j++, keys += rows) store<f32>(scores + (<usize>j << 2), dotRow(query, keys, D));
}

// Weighted sums of rows go on from what y holds unless they are `fresh`, and are multiplied by `factor` at their end.

/** y = factor · (y + Σ weight j · row j) for 32 columns of n rows. */
function weighRows32(weights: usize, n: i32, v: usize, rows: usize, y: usize, fresh: bool, factor: f32): void {
  const none = f32x4.splat(0);
  let s0 = fresh ? none : v128.load(y);
  let s1 = fresh ? none : v128.load(y, 16);
  let s2 = fresh ? none : v128.load(y, 32);
  let s3 = fresh ? none : v128.load(y, 48);
  let s4 = fresh ? none : v128.load(y, 64);
  let s5 = fresh ? none : v128.load(y, 80);
  let s6 = fresh ? none : v128.load(y, 96);
  let s7 = fresh ? none : v128.load(y, 112);
  for (let j = 0; j < n; j++, v += rows) {
    const weight = v128.load32_splat(weights + (<usize>j << 2));
    s0 = madd(weight, v128.load(v), s0);
    s1 = madd(weight, v128.load(v, 16), s1);
    s2 = madd(weight, v128.load(v, 32), s2);
    s3 = madd(weight, v128.load(v, 48), s3);
    s4 = madd(weight, v128.load(v, 64), s4);
    s5 = madd(weight, v128.load(v, 80), s5);
    s6 = madd(weight, v128.load(v, 96), s6);
    s7 = madd(weight, v128.load(v, 112), s7);
  }
  const f = f32x4.splat(factor);
  v128.store(y, f32x4.mul(s0, f));
  v128.store(y, f32x4.mul(s1, f), 16);
  v128.store(y, f32x4.mul(s2, f), 32);
  v128.store(y, f32x4.mul(s3, f), 48);
  v128.store(y, f32x4.mul(s4, f), 64);
  v128.store(y, f32x4.mul(s5, f), 80);
  v128.store(y, f32x4.mul(s6, f), 96);
  v128.store(y, f32x4.mul(s7, f), 112);
}

/** The same for 4 columns, or the `width` that there are. */
function weighRows4(weights: usize, n: i32, v: usize, rows: usize, y: usize, width: i32, fresh: bool, factor: f32): void {
  let s = fresh ? f32x4.splat(0) : loadPart(y, width);
  // What lies beyond the width is read and multiplied too, but never kept.
  for (let j = 0; j < n; j++, v += rows) {
    s = madd(v128.load32_splat(weights + (<usize>j << 2)), v128.load(v), s);
  }
  storePart(y, f32x4.mul(s, f32x4.splat(factor)), width);
}

/**
 * The same for few queries: nothing is packed. Heads of one query are worked on together, since in memory their keys and
 * values lie side by side: `scores` has H rows, `ld` elements apart, of which the last is for the factor of its weights.
 */
export function attentionRows(
  thread: i32, threads: i32, q: usize, k: usize, v: usize, position: usize, each: i32, key: usize,
  y: usize, lse: usize,
  B: i32, T: i32, S: i32, H: i32, D: i32, scale: f32, p: f32, site: i32,
  stridesQ: Words, stridesK: Words, stridesV: Words, ld: i32, scores: PerThread,
): void {
  const rowsK = rowBytes(stridesK);
  const rowsV = rowBytes(stridesV);
  const row = <usize>ld << 2;
  const head = <usize>D << 2;
  const all = B * T * H;
  const last = first(all, thread + 1, threads);
  for (let r = first(all, thread, threads); r < last; ) {
    const token = r / H;
    const b = token / T;
    const i = token % T;
    const from = r % H;
    const to = min(H, from + last - r);
    r += to - from;
    const n = min(S, int(position, b * each) + i + 1);
    const result = y + <usize>token * <usize>H * head;
    for (let j = 0; j < n; j += BLOCK) {
      for (let h = from; h < to; h++) {
        const query = start(q, b, h, stridesQ) + <usize>i * rowBytes(stridesQ);
        const keys = start(k, b, h, stridesK) + <usize>j * rowsK;
        scoreRows(query, keys, rowsK, min(BLOCK, n - j), D, scores + <usize>h * row + (<usize>j << 2));
      }
    }
    for (let h = from; h < to; h++) {
      const x = scores + <usize>h * row;
      const at = (b * H + h) * T + i;
      const shift = rowMax(x, n) * scale;
      const sum = rowExp(x, n, n, scale, shift);
      store<f32>(lse + (<usize>at << 2), shift + Mathf.log(sum));
      if (p > 0) dropRow(x, x, 0, n, at, site, key, p);
      store<f32>(x + row - 4, 1 / sum);
    }
    for (let j = 0; j < n; j += BLOCK) {
      for (let h = from; h < to; h++) {
        const x = scores + <usize>h * row;
        const weights = x + (<usize>j << 2);
        const values = start(v, b, h, stridesV) + <usize>j * rowsV;
        const sums = result + <usize>h * head;
        const count = min(BLOCK, n - j);
        const factor: f32 = j + BLOCK < n ? 1 : load<f32>(x + row - 4);
        let c = 0;
        for (; c + 32 <= D; c += 32) {
          const at = <usize>c << 2;
          weighRows32(weights, count, values + at, rowsV, sums + at, j == 0, factor);
        }
        for (; c < D; c += 4) {
          const at = <usize>c << 2;
          weighRows4(weights, count, values + at, rowsV, sums + at, D - c, j == 0, factor);
        }
      }
    }
  }
}

/**
 *     P = exp(scale · q kᵀ − lse),  dP = dy vᵀ,  dS = scale · P ∘ (dP − Σ y ∘ dy)
 *     dq = dS k,  dk = dSᵀ q,  dv = Pᵀ dy
 *
 * Operands as in `attention`; rows of `weights` (P) and `slopes` (dS) lie `ld` elements apart.
 */
export function attentionGradient(
  thread: i32, threads: i32, q: usize, k: usize, v: usize, position: usize, each: i32, key: usize,
  y: usize, lse: usize,
  dy: usize, dq: usize, dk: usize, dv: usize, B: i32, T: i32, S: i32, H: i32, D: i32, scale: f32, p: f32, site: i32,
  stridesQ: Words, stridesK: Words, stridesV: Words, stridesDq: Words, stridesDk: Words, stridesDv: Words, ld: i32,
  strip: PerThread, weights: PerThread, slopes: PerThread, keys: PerThread, values: PerThread, keyRows: PerThread,
  queries: PerThread, slopesY: PerThread, edge: PerThread,
): void {
  const rowsQ = rowBytes(stridesQ);
  const rowsK = rowBytes(stridesK);
  const rowsV = rowBytes(stridesV);
  const rowsY = <usize>(H * D) << 2;
  const rowsDq = rowBytes(stridesDq);
  const rowsDk = rowBytes(stridesDk);
  const rowsDv = rowBytes(stridesDv);
  const row = <usize>ld << 2;
  const pairs = B * H;
  for (let pair = first(pairs, thread, threads), last = first(pairs, thread + 1, threads); pair < last; pair++) {
    const b = pair / H;
    const h = pair % H;
    const past = int(position, b * each);
    const visible = min(S, past + T);
    const fromQ = start(q, b, h, stridesQ);
    const fromK = start(k, b, h, stridesK);
    const inY = <usize>(b * T * H * D + h * D) << 2;
    const fromY = y + inY;
    const fromDy = dy + inY;
    const toQ = start(dq, b, h, stridesDq);
    const toK = start(dk, b, h, stridesDk);
    const toV = start(dv, b, h, stridesDv);
    const fromLse = lse + (<usize>(pair * T) << 2);
    let begun = 0; // keys whose sums have begun: whole strips
    packB(fromK, 4, rowsK, D, visible, keys, 0, (visible + NR - 1) / NR);
    packB(start(v, b, h, stridesV), 4, rowsV, D, visible, values, 0, (visible + NR - 1) / NR);
    packB(fromK, rowsK, 4, visible, D, keyRows, 0, (D + NR - 1) / NR);
    for (let i0 = 0; i0 < T; i0 += ROWS) {
      const rows = min(ROWS, T - i0);
      packB(fromQ + <usize>i0 * rowsQ, rowsQ, 4, rows, D, queries, 0, (D + NR - 1) / NR);
      packB(fromDy + <usize>i0 * rowsY, rowsY, 4, rows, D, slopesY, 0, (D + NR - 1) / NR);
      for (let i = 0; i < rows; i += MR) {
        const height = min(MR, rows - i);
        const limit = min(S, past + i0 + i + height);
        const P = weights + <usize>i * row;
        const dS = slopes + <usize>i * row;
        packStrip(fromQ + <usize>(i0 + i) * rowsQ, rowsQ, 4, height, D, strip);
        scoreStrip(strip, keys, D, P, row, limit);
        packStrip(fromDy + <usize>(i0 + i) * rowsY, rowsY, 4, height, D, strip);
        scoreStrip(strip, values, D, dS, row, limit);
        for (let r = 0; r < height; r++) {
          const at = <usize>(i0 + i + r);
          const n = min(S, past + <i32>at + 1);
          const weight = P + <usize>r * row;
          const slope = dS + <usize>r * row;
          if (p > 0) dropRow(slope, slope, 0, n, pair * T + <i32>at, site, key, p);
          const delta = dotRow(fromY + at * rowsY, fromDy + at * rowsY, D);
          // Key strips below reach up to 5 keys further than this row sees.
          rowSlopes(weight, slope, n, round8(n + 5), scale, load<f32>(fromLse + (at << 2)), delta);
          if (p > 0) dropRow(weight, weight, 0, n, pair * T + <i32>at, site, key, p);
        }
        packStrip(dS, row, 4, height, limit, strip);
        multiplyStrip(strip, keyRows, visible, limit, ZEROS, toQ + <usize>(i0 + i) * rowsDq, rowsDq, height, D, edge);
      }
      // Keys in strips: only the queries from the strip's first key on see any of it.
      const seen = min(S, past + i0 + rows);
      for (let j = 0; j < seen; j += MR) {
        const height = min(MR, S - j);
        const from = max(0, j - past - i0);
        const skipped = <usize>from * PANEL;
        const sums = j < begun ? 0 : ZEROS;
        const inBlock = <usize>from * row + (<usize>j << 2);
        packStrip(weights + inBlock, 4, row, height, rows - from, strip);
        multiplyStrip(strip, slopesY + skipped, rows, rows - from, sums, toV + <usize>j * rowsDv, rowsDv, height, D, edge);
        packStrip(slopes + inBlock, 4, row, height, rows - from, strip);
        multiplyStrip(strip, queries + skipped, rows, rows - from, sums, toK + <usize>j * rowsDk, rowsDk, height, D, edge);
      }
      begun = min(S, (seen + MR - 1) / MR * MR);
    }
    for (let j = begun; j < S; j++) {
      fill(toK + <usize>j * rowsDk, D, f32x4.splat(0));
      fill(toV + <usize>j * rowsDv, D, f32x4.splat(0));
    }
  }
}
