import { first, firstUnit, itemAt, itemsOf, madd, PerThread, sum4, sumLanes, Words } from '../shared/kernel.wasm';
import { DOTS_FROM, MR } from './constants';
import { dots, dotStripBytes, packDots } from './dots.wasm';
import { gemmBlock, packB } from './gemm.wasm';
import { NR, PANEL } from './tile.wasm';

// Batches are three nested loops (`extents`) over which A and B move by strides of their own.

/** B of all batches (k × n) to panels. */
export function matmulPack(
  thread: i32, threads: i32, b: usize, packed: usize, k: i32, n: i32, rowStride: i32, columnStride: i32,
  extents: Words, strides: Words,
): void {
  const rows = <usize>rowStride << 2;
  const columns = <usize>columnStride << 2;
  const panels = (n + NR - 1) / NR;
  const items = itemsOf(extents) * panels;
  for (let i = first(items, thread, threads), end = first(items, thread + 1, threads); i < end; ) {
    const batch = i / panels;
    const from = i - batch * panels;
    const to = min(panels, from + end - i);
    const matrix = itemAt(b, batch, extents, strides);
    packB(matrix, rows, columns, k, n, packed + <usize>batch * <usize>panels * <usize>k * PANEL, from, to);
    i += to - from;
  }
}

/**
 * C (m × n) = A (m × k) · B, with B in panels; rows of C start from `bias` (0 for zeros), and `addend`, which lies as C
 * does, is added (0 for nothing). A task is a block of C.
 * `strips` and `edge`: see `gemmBlock`.
 */
export function matmul(
  thread: i32, threads: i32, a: usize, packed: usize, c: usize, m: i32, n: i32, k: i32, rowStride: i32,
  columnStride: i32, bias: usize, addend: usize, taskRows: i32, taskPanels: i32, extents: Words, strides: Words,
  strips: PerThread, edge: PerThread,
): void {
  const rows = <usize>rowStride << 2;
  const columns = <usize>columnStride << 2;
  const panels = (n + NR - 1) / NR;
  const down = (m + taskRows - 1) / taskRows;
  const across = (panels + taskPanels - 1) / taskPanels;
  const tasks = itemsOf(extents) * down * across;
  for (let task = first(tasks, thread, threads), end = first(tasks, thread + 1, threads); task < end; task++) {
    // Neighbouring tasks share a part of B.
    const i = (task % down) * taskRows;
    const panel = ((task / down) % across) * taskPanels;
    const batch = task / (down * across);
    const j = panel * NR;
    const at = ((<usize>batch * <usize>m + <usize>i) * <usize>n + <usize>j) << 2;
    gemmBlock(
      min(taskRows, m - i), min(taskPanels * NR, n - j), k,
      itemAt(a, batch, extents, strides) + <usize>i * rows, rows, columns,
      packed + (<usize>batch * <usize>panels + <usize>panel) * <usize>k * PANEL,
      c + at, <usize>n << 2,
      bias ? bias + (<usize>j << 2) : 0, addend ? addend + at : 0,
      strips, edge,
    );
  }
}

/** C = A · B + beta · C by a BLAS library: see host-functions.ts. */
@external('env', 'sgemm')
declare function sgemm(
  transposeA: i32, transposeB: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32,
): void;

/**
 * Each thread multiplies its own rows of C, or columns if there are more of them. `lda` and `ldb` are the leading
 * dimensions; `bias` is 0 if there is none.
 */
export function matmulBlas(
  thread: i32, threads: i32, a: usize, b: usize, c: usize, m: i32, n: i32, k: i32, transposeA: i32, lda: i32,
  transposeB: i32, ldb: i32, bias: usize,
): void {
  const byRows = m >= n;
  const from = firstUnit(byRows ? m : n, 8, thread, threads);
  const count = firstUnit(byRows ? m : n, 8, thread + 1, threads) - from;
  if (count == 0) return;
  const i = byRows ? from : 0;
  const j = byRows ? 0 : from;
  const rows = byRows ? count : m;
  const columns = byRows ? n : count;
  const part = c + (<usize>(i * n + j) << 2);
  if (bias) {
    for (let r = 0; r < rows; r++) {
      memory.copy(part + (<usize>(r * n) << 2), bias + (<usize>j << 2), <usize>columns << 2);
    }
  }
  sgemm(
    transposeA, transposeB, rows, columns, k,
    a + (<usize>(transposeA ? i : i * lda) << 2), lda,
    b + (<usize>(transposeB ? j * ldb : j) << 2), ldb,
    bias ? 1 : 0, part, n,
  );
}

/**
 * C (m × n) = A (m × k) · Wᵀ with W (n × k): rows of both lie contiguously, so each element of C is a dot product.
 * For few rows, where packing W would cost more than it saves, and for many that must come out as each would alone.
 * `strips` has memory for rows of A, MR at a time, `sums` for a tile: see `dots`.
 */
export function matmulRows(
  thread: i32, threads: i32, a: usize, w: usize, c: usize, m: i32, n: i32, k: i32, strideA: i32, strideW: i32,
  bias: usize, strips: PerThread, sums: PerThread,
): void {
  const rowsA = <usize>strideA << 2;
  const rowsW = <usize>strideW << 2;
  const rowsC = <usize>n << 2;
  const left = m % MR;
  // A tile takes as long for few rows as for all.
  const tiled = left < DOTS_FROM ? m - left : m;
  const stripBytes = dotStripBytes(k);
  for (let i = 0, strip = strips; i < tiled; i += MR, strip += stripBytes) {
    packDots(a + <usize>i * rowsA, rowsA, min(MR, m - i), k, strip);
  }
  for (let j = firstUnit(n, 4, thread, threads), end = firstUnit(n, 4, thread + 1, threads); j < end; j += 4) {
    const rows = w + <usize>j * rowsW;
    const whole = j + 4 <= n;
    if (whole) {
      for (let i = 0, strip = strips; i < tiled; i += MR, strip += stripBytes) {
        const height = min(MR, m - i);
        const x = a + <usize>i * rowsA;
        const to = c + (<usize>(i * n + j) << 2);
        const start = bias ? bias + (<usize>j << 2) : 0;
        dots(strip, x, rowsA, height, rows, rowsW, k, start, to, rowsC, sums);
        dots(strip, x, rowsA, height, rows + 2 * rowsW, rowsW, k, start ? start + 8 : 0, to + 8, rowsC, sums);
      }
    }
    for (let i = whole ? tiled : 0; i < m; i++) {
      const x = a + <usize>i * rowsA;
      const to = c + (<usize>(i * n + j) << 2);
      const start = bias + (<usize>j << 2);
      if (whole) {
        const sums = dot4(x, rows, rowsW, k);
        v128.store(to, bias ? f32x4.add(sums, v128.load(start)) : sums);
      } else {
        for (let r = 0; r < n - j; r++) {
          const sum = dot(x, rows + <usize>r * rowsW, k);
          const at = <usize>r << 2;
          store<f32>(to + at, bias ? sum + load<f32>(start + at) : sum);
        }
      }
    }
  }
}

/** x · y for four rows y, `rows` bytes apart: four streams keep the memory busy, and share what they read of x. */
function dot4(x: usize, y: usize, rows: usize, k: i32): v128 {
  let y1 = y + rows;
  let y2 = y1 + rows;
  let y3 = y2 + rows;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const end16 = x + (<usize>(k & ~15) << 2);
  const end = x + (<usize>k << 2);
  for (; x < end16; x += 64, y += 64, y1 += 64, y2 += 64, y3 += 64) {
    let u = v128.load(x);
    let v = v128.load(x, 16);
    a0 = madd(u, v128.load(y), a0);
    b0 = madd(v, v128.load(y, 16), b0);
    a1 = madd(u, v128.load(y1), a1);
    b1 = madd(v, v128.load(y1, 16), b1);
    a2 = madd(u, v128.load(y2), a2);
    b2 = madd(v, v128.load(y2, 16), b2);
    a3 = madd(u, v128.load(y3), a3);
    b3 = madd(v, v128.load(y3, 16), b3);
    u = v128.load(x, 32);
    v = v128.load(x, 48);
    a0 = madd(u, v128.load(y, 32), a0);
    b0 = madd(v, v128.load(y, 48), b0);
    a1 = madd(u, v128.load(y1, 32), a1);
    b1 = madd(v, v128.load(y1, 48), b1);
    a2 = madd(u, v128.load(y2, 32), a2);
    b2 = madd(v, v128.load(y2, 48), b2);
    a3 = madd(u, v128.load(y3, 32), a3);
    b3 = madd(v, v128.load(y3, 48), b3);
  }
  a0 = f32x4.add(a0, b0);
  a1 = f32x4.add(a1, b1);
  a2 = f32x4.add(a2, b2);
  a3 = f32x4.add(a3, b3);
  let sums = sumLanes(a0, a1, a2, a3);
  for (; x < end; x += 4, y += 4, y1 += 4, y2 += 4, y3 += 4) {
    let column = f32x4.splat(load<f32>(y));
    column = f32x4.replace_lane(column, 1, load<f32>(y1));
    column = f32x4.replace_lane(column, 2, load<f32>(y2));
    column = f32x4.replace_lane(column, 3, load<f32>(y3));
    sums = madd(v128.load32_splat(x), column, sums);
  }
  return sums;
}

function dot(x: usize, y: usize, k: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end16 = x + (<usize>(k & ~15) << 2);
  const end4 = x + (<usize>(k & ~3) << 2);
  const end = x + (<usize>k << 2);
  for (; x < end16; x += 64, y += 64) {
    s0 = madd(v128.load(x), v128.load(y), s0);
    s1 = madd(v128.load(x, 16), v128.load(y, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(y, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(y, 48), s3);
  }
  for (; x < end4; x += 16, y += 16) s0 = madd(v128.load(x), v128.load(y), s0);
  let sum = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  while (x < end) {
    sum += load<f32>(x) * load<f32>(y);
    x += 4;
    y += 4;
  }
  return sum;
}
