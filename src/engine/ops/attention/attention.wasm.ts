// Causal attention, one (batch, head) after another: its keys and values are packed once, then the queries
// pass by in strips of 6 rows that see only the keys they may. Scores live in a strip's own buffer (forward)
// or in one of ROWS rows (backward), never as a T × T matrix.

import { address, first, float, int, loadPart, madd, max4, storePart, sum4 } from '../shared/kernel.wasm';
import { MR, ROWS } from '../matmul/blocks.wasm';
import { packB, packStrip } from '../matmul/gemm.wasm';
import { EDGE_BYTES, NR, PANEL, STRIP, tile, tilePart, zeroRow } from '../matmul/tile.wasm';
import { exp4, log4 } from '../shared/math.wasm';
import { dropRow } from '../shared/philox.wasm';

/** Where a (batch, head) of a (B, T, H, D) view starts, and how far apart its rows are, in bytes. */
// @ts-ignore: decorator
@inline
function start(view: usize, b: i32, h: i32, strideB: i32, strideH: i32): usize {
  return view + (<usize>(b * strideB + h * strideH) << 2);
}

// @ts-ignore: decorator
@inline
function round8(n: i32): i32 {
  return (n + 7) & ~7;
}

/** Rounded up to whole panels. */
// @ts-ignore: decorator
@inline
function roundPanels(n: i32): i32 {
  return (n + NR - 1) & -NR;
}

// Rows of scores are worked on eight elements at a time: two vectors that a wide engine makes one of.

/**
 * Largest of the first n elements, NaN if one of them is not finite. The eight that they end in are filled up with
 * what no maximum takes.
 */
function rowMax(p: usize, n: i32): f32 {
  for (let j = n; j & 7; j++) store<f32>(p + (<usize>j << 2), -f32.MAX_VALUE);
  let m0 = f32x4.splat(-f32.MAX_VALUE);
  let m1 = m0;
  // pmax is one instruction but may lose a NaN; 0 · x keeps it.
  const zero = f32x4.splat(0);
  let poison = zero;
  const end = p + (<usize>n << 2);
  for (; p < end; p += 32) {
    const x0 = v128.load(p);
    const x1 = v128.load(p, 16);
    m0 = f32x4.pmax(m0, x0);
    m1 = f32x4.pmax(m1, x1);
    poison = madd(zero, x0, madd(zero, x1, poison));
  }
  return max4(f32x4.pmax(m0, m1)) + sum4(poison);
}

/** Replaces x by exp(scale · x − shift) in the first n elements and by 0 up to `end`; returns the sum of eights. */
function rowExp(p: usize, n: i32, end: i32, scale: f32, shift: f32): f32 {
  const a = f32x4.splat(scale);
  const b = f32x4.splat(-shift);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let j = 0;
  for (; j < n; j += 8) {
    const at = p + (<usize>j << 2);
    const e0 = exp4(madd(v128.load(at), a, b));
    const e1 = exp4(madd(v128.load(at, 16), a, b));
    v128.store(at, e0);
    v128.store(at, e1, 16);
    s0 = f32x4.add(s0, e0);
    s1 = f32x4.add(s1, e1);
  }
  for (; j < end; j += 4) v128.store(p + (<usize>j << 2), f32x4.splat(0));
  return sum4(f32x4.add(s0, s1));
}

/** y (d) = y · factor */
function scaleRow(y: usize, d: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  let j = 0;
  for (; j + 4 <= d; j += 4) {
    const at = y + (<usize>j << 2);
    v128.store(at, f32x4.mul(v128.load(at), f));
  }
  const at = y + (<usize>j << 2);
  if (j < d) storePart(at, f32x4.mul(loadPart(at, d - j), f), d - j);
}

/** Σ a · b over d elements. */
function dotRow(a: usize, b: usize, d: i32): f32 {
  let s = f32x4.splat(0);
  let j = 0;
  for (; j + 4 <= d; j += 4) s = madd(v128.load(a + (<usize>j << 2)), v128.load(b + (<usize>j << 2)), s);
  if (j < d) s = madd(loadPart(a + (<usize>j << 2), d - j), loadPart(b + (<usize>j << 2), d - j), s);
  return sum4(s);
}

/**
 * q, k, v, position, key, y, lse, B, T, S, H, D, scale, p, site,
 * strides (b, t, h) of q, k, v, scratch, scratch bytes per thread
 */
export function attention(args: usize, thread: i32, threads: i32): void {
  const position = load<i32>(address(args, 3));
  const key = address(args, 4);
  const T = int(args, 8);
  const S = int(args, 9);
  const H = int(args, 10);
  const D = int(args, 11);
  const scale = float(args, 12);
  const p = float(args, 13);
  const site = int(args, 14);
  const rowsQ = <usize>int(args, 16) << 2;
  const rowsK = <usize>int(args, 19) << 2;
  const rowsV = <usize>int(args, 22) << 2;
  const rowsY = <usize>(H * D) << 2;
  const scratch = address(args, 24) + <usize>thread * <usize>int(args, 25);
  const zeros = zeroRow(scratch);
  const visible = min(S, position + T);
  const ld = <usize>(roundPanels(S) + 8) << 2;
  const strip = scratch + EDGE_BYTES;
  const scores = strip + <usize>max(D, roundPanels(S) + 8) * STRIP;
  const keys = scores + 6 * ld;
  const values = keys + <usize>roundPanels(S) * (<usize>D << 2);
  const shifts = values + <usize>S * (<usize>roundPanels(D) << 2); // of a strip's rows
  const sums = shifts + 32;
  const pairs = int(args, 7) * H;
  for (let pair = first(pairs, thread, threads), last = first(pairs, thread + 1, threads); pair < last; pair++) {
    const b = pair / H;
    const h = pair % H;
    const q = start(address(args, 0), b, h, int(args, 15), int(args, 17));
    const k = start(address(args, 1), b, h, int(args, 18), int(args, 20));
    const v = start(address(args, 2), b, h, int(args, 21), int(args, 23));
    const y = address(args, 5) + (<usize>(b * T * H * D + h * D) << 2);
    const lse = address(args, 6) + (<usize>(pair * T) << 2);
    packB(k, 4, rowsK, D, visible, keys, 0, (visible + NR - 1) / NR);
    packB(v, rowsV, 4, visible, D, values, 0, (D + NR - 1) / NR);
    for (let i = 0; i < T; i += MR) {
      const height = min(MR, T - i);
      const limit = min(S, position + i + height);
      packStrip(q + <usize>i * rowsQ, rowsQ, 4, height, D, strip);
      for (let j = 0; j < limit; j += NR) {
        tile(strip, keys + <usize>j * (<usize>D << 2), D, zeros, 0, scores + (<usize>j << 2), ld);
      }
      for (let r = 0; r < height; r++) {
        const row = scores + <usize>r * ld;
        const n = min(S, position + i + r + 1);
        const shift = rowMax(row, n) * scale;
        const sum = rowExp(row, n, limit, scale, shift);
        store<f32>(shifts + (<usize>r << 2), shift);
        store<f32>(sums + (<usize>r << 2), sum);
        if (p > 0) dropRow(row, row, 0, n, pair * T + i + r, site, key, p);
      }
      for (let r = 0; r < height; r += 4) {
        const at = <usize>r << 2;
        const logSum = f32x4.add(v128.load(shifts + at), log4(v128.load(sums + at)));
        storePart(lse + (<usize>(i + r) << 2), logSum, height - r);
      }
      packStrip(scores, ld, 4, height, limit, strip);
      for (let j = 0; j < D; j += NR) {
        tilePart(
          strip, values + <usize>j * (<usize>visible << 2), limit, zeros,
          y + <usize>i * rowsY + (<usize>j << 2), rowsY, height, min(NR, D - j), scratch,
        );
      }
      for (let r = 0; r < height; r++) {
        scaleRow(y + <usize>(i + r) * rowsY, D, 1 / load<f32>(sums + (<usize>r << 2)));
      }
    }
  }
}

/** y = factor · Σ weight j · row j for the first `width` (at most 16) columns of n rows. */
function weighRows(weights: usize, n: i32, v: usize, rows: usize, y: usize, width: i32, factor: f32): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  // What lies beyond the width is read and multiplied too, but never kept.
  for (let j = 0; j < n; j++) {
    const weight = v128.load32_splat(weights + (<usize>j << 2));
    s0 = madd(weight, v128.load(v), s0);
    s1 = madd(weight, v128.load(v, 16), s1);
    s2 = madd(weight, v128.load(v, 32), s2);
    s3 = madd(weight, v128.load(v, 48), s3);
    v += rows;
  }
  const f = f32x4.splat(factor);
  storePart(y, f32x4.mul(s0, f), width);
  if (width > 4) storePart(y + 16, f32x4.mul(s1, f), width - 4);
  if (width > 8) storePart(y + 32, f32x4.mul(s2, f), width - 8);
  if (width > 12) storePart(y + 48, f32x4.mul(s3, f), width - 12);
}

/** The same arguments, for few queries: nothing is packed, each key and value is read once. */
export function attentionRows(args: usize, thread: i32, threads: i32): void {
  const position = load<i32>(address(args, 3));
  const key = address(args, 4);
  const T = int(args, 8);
  const S = int(args, 9);
  const H = int(args, 10);
  const D = int(args, 11);
  const scale = float(args, 12);
  const p = float(args, 13);
  const site = int(args, 14);
  const rowsK = <usize>int(args, 19) << 2;
  const rowsV = <usize>int(args, 22) << 2;
  const row = address(args, 24) + <usize>thread * <usize>int(args, 25);
  const rows = int(args, 7) * H * T;
  for (let r = first(rows, thread, threads), last = first(rows, thread + 1, threads); r < last; r++) {
    const i = r % T;
    const pair = r / T;
    const b = pair / H;
    const h = pair % H;
    const q = start(address(args, 0), b, h, int(args, 15), int(args, 17)) + (<usize>(i * int(args, 16)) << 2);
    const k = start(address(args, 1), b, h, int(args, 18), int(args, 20));
    const v = start(address(args, 2), b, h, int(args, 21), int(args, 23));
    const y = address(args, 5) + (<usize>(((b * T + i) * H + h) * D) << 2);
    const n = min(S, position + i + 1);
    for (let j = 0; j < n; j++) store<f32>(row + (<usize>j << 2), dotRow(q, k + <usize>j * rowsK, D));
    const shift = rowMax(row, n) * scale;
    const sum = rowExp(row, n, n, scale, shift);
    store<f32>(address(args, 6) + (<usize>r << 2), shift + Mathf.log(sum));
    if (p > 0) dropRow(row, row, 0, n, r, site, key, p);
    for (let c = 0; c < D; c += 16) weighRows(row, n, v + (<usize>c << 2), rowsV, y + (<usize>c << 2), D - c, 1 / sum);
  }
}

/**
 * q, k, v, position, key, y, lse, B, T, S, H, D, scale, p, site, strides (b, t, h) of q, k, v,
 * scratch, scratch bytes per thread, dy, dq, dk, dv
 *
 *     P = exp(scale · q kᵀ − lse),  dP = dy vᵀ,  dS = scale · P ∘ (dP − Σ y ∘ dy)
 *     dq = dS k,  dk = dSᵀ q,  dv = Pᵀ dy
 */
export function attentionGradient(args: usize, thread: i32, threads: i32): void {
  const position = load<i32>(address(args, 3));
  const key = address(args, 4);
  const T = int(args, 8);
  const S = int(args, 9);
  const H = int(args, 10);
  const D = int(args, 11);
  const scale = float(args, 12);
  const p = float(args, 13);
  const site = int(args, 14);
  const rowsQ = <usize>int(args, 16) << 2;
  const rowsK = <usize>int(args, 19) << 2;
  const rowsV = <usize>int(args, 22) << 2;
  const rowsY = <usize>(H * D) << 2;
  const scratch = address(args, 24) + <usize>thread * <usize>int(args, 25);
  const zeros = zeroRow(scratch);
  const visible = min(S, position + T);
  const ld = <usize>(roundPanels(S) + 8) << 2;
  const panelBytes = <usize>D << 2; // of one key in the panels over keys
  const strip = scratch + EDGE_BYTES;
  const weights = strip + <usize>max(max(D, ROWS), roundPanels(S) + 8) * STRIP;
  const slopes = weights + <usize>ROWS * ld;
  const keys = slopes + <usize>ROWS * ld;
  const values = keys + <usize>roundPanels(S) * panelBytes;
  const keyRows = values + <usize>roundPanels(S) * panelBytes;
  const wideD = <usize>roundPanels(D) << 2;
  const queries = keyRows + <usize>S * wideD;
  const slopesY = queries + <usize>ROWS * wideD;
  const pairs = int(args, 7) * H;
  for (let pair = first(pairs, thread, threads), last = first(pairs, thread + 1, threads); pair < last; pair++) {
    const b = pair / H;
    const h = pair % H;
    const q = start(address(args, 0), b, h, int(args, 15), int(args, 17));
    const k = start(address(args, 1), b, h, int(args, 18), int(args, 20));
    const v = start(address(args, 2), b, h, int(args, 21), int(args, 23));
    const inY = <usize>(b * T * H * D + h * D) << 2;
    const inK = <usize>(b * S * H * D + h * D) << 2;
    const y = address(args, 5) + inY;
    const lse = address(args, 6) + (<usize>(pair * T) << 2);
    const dy = address(args, 26) + inY;
    const dq = address(args, 27) + inY;
    const dk = address(args, 28) + inK;
    const dv = address(args, 29) + inK;
    for (let j = 0; j < S; j++) {
      memory.fill(dk + <usize>j * rowsY, 0, <usize>D << 2);
      memory.fill(dv + <usize>j * rowsY, 0, <usize>D << 2);
    }
    packB(k, 4, rowsK, D, visible, keys, 0, (visible + NR - 1) / NR);
    packB(v, 4, rowsV, D, visible, values, 0, (visible + NR - 1) / NR);
    packB(k, rowsK, 4, visible, D, keyRows, 0, (D + NR - 1) / NR);
    for (let i0 = 0; i0 < T; i0 += ROWS) {
      const rows = min(ROWS, T - i0);
      packB(q + <usize>i0 * rowsQ, rowsQ, 4, rows, D, queries, 0, (D + NR - 1) / NR);
      packB(dy + <usize>i0 * rowsY, rowsY, 4, rows, D, slopesY, 0, (D + NR - 1) / NR);
      for (let i = 0; i < rows; i += MR) {
        const height = min(MR, rows - i);
        const limit = min(S, position + i0 + i + height);
        const P = weights + <usize>i * ld;
        const dS = slopes + <usize>i * ld;
        packStrip(q + <usize>(i0 + i) * rowsQ, rowsQ, 4, height, D, strip);
        for (let j = 0; j < limit; j += NR) {
          tile(strip, keys + <usize>j * panelBytes, D, zeros, 0, P + (<usize>j << 2), ld);
        }
        packStrip(dy + <usize>(i0 + i) * rowsY, rowsY, 4, height, D, strip);
        for (let j = 0; j < limit; j += NR) {
          tile(strip, values + <usize>j * panelBytes, D, zeros, 0, dS + (<usize>j << 2), ld);
        }
        for (let r = 0; r < height; r++) {
          const at = <usize>(i0 + i + r);
          const n = min(S, position + <i32>at + 1);
          const row = P + <usize>r * ld;
          const slope = dS + <usize>r * ld;
          // Key strips below reach up to 5 keys further than this row sees.
          rowExp(row, n, round8(n + 5), scale, load<f32>(lse + (at << 2)));
          for (let j = n; j & 7; j++) store<f32>(row + (<usize>j << 2), 0);
          if (p > 0) dropRow(slope, slope, 0, n, pair * T + <i32>at, site, key, p);
          const delta = f32x4.splat(dotRow(y + at * rowsY, dy + at * rowsY, D));
          const factor = f32x4.splat(scale);
          const end = round8(n + 5);
          let j = 0;
          for (; j < n; j += 8) {
            const to = <usize>j << 2;
            const ds0 = f32x4.mul(v128.load(row + to), f32x4.sub(v128.load(slope + to), delta));
            const ds1 = f32x4.mul(v128.load(row + to, 16), f32x4.sub(v128.load(slope + to, 16), delta));
            v128.store(slope + to, f32x4.mul(ds0, factor));
            v128.store(slope + to, f32x4.mul(ds1, factor), 16);
          }
          for (; j < end; j += 4) v128.store(slope + (<usize>j << 2), f32x4.splat(0));
          for (j = n; j & 7; j++) store<f32>(slope + (<usize>j << 2), 0);
          if (p > 0) dropRow(row, row, 0, n, pair * T + <i32>at, site, key, p);
        }
        packStrip(dS, ld, 4, height, limit, strip);
        for (let j = 0; j < D; j += NR) {
          tilePart(
            strip, keyRows + <usize>j * (<usize>visible << 2), limit, zeros,
            dq + <usize>(i0 + i) * rowsY + (<usize>j << 2), rowsY, height, min(NR, D - j), scratch,
          );
        }
      }
      // Keys in strips: only the queries from the strip's first key on see any of it.
      const seen = min(S, position + i0 + rows);
      for (let j = 0; j < seen; j += MR) {
        const height = min(MR, S - j);
        const from = max(0, j - position - i0);
        const inBlock = <usize>from * ld + (<usize>j << 2);
        const outK = <usize>j * rowsY;
        packStrip(weights + inBlock, 4, ld, height, rows - from, strip);
        for (let c = 0; c < D; c += NR) {
          const panel = slopesY + (<usize>c * <usize>rows << 2) + <usize>from * PANEL;
          tilePart(strip, panel, rows - from, 0, dv + outK + (<usize>c << 2), rowsY, height, min(NR, D - c), scratch);
        }
        packStrip(slopes + inBlock, 4, ld, height, rows - from, strip);
        for (let c = 0; c < D; c += NR) {
          const panel = queries + (<usize>c * <usize>rows << 2) + <usize>from * PANEL;
          tilePart(strip, panel, rows - from, 0, dk + outK + (<usize>c << 2), rowsY, height, min(NR, D - c), scratch);
        }
      }
    }
  }
}
