import { address, first, firstUnit, int, madd, nmadd, PerThread, storePart, Words } from '../shared/kernel.wasm';
import { BLOCK, KC, MR } from '../matmul/constants';
import { packStrip, storeTransposed } from '../matmul/gemm.wasm';
import { NR, PANEL, STRIP, tilePart, ZEROS } from '../matmul/tile.wasm';

// Several matrices of one size: each thread takes its part of every one.

/** `tables`: for each matrix the addresses of m, of its gradient and of the new m, of n floats each. */
export function muonMomentum(
  thread: i32, threads: i32, momentum: usize, gradientScale: usize, directions: usize, n: i32, matrices: i32,
  tables: Words,
): void {
  const mu = v128.load32_splat(momentum);
  const share = f32x4.splat((1 - load<f32>(momentum)) * load<f32>(gradientScale));
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let k = 0; k < matrices; k++) {
    const m = address(tables, 3 * k);
    const gradient = address(tables, 3 * k + 1);
    const newM = address(tables, 3 * k + 2);
    const direction = directions + (<usize>(k * n) << 2);
    for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
      const at = <usize>i << 2;
      const part = f32x4.mul(share, v128.load(gradient + at));
      const mean = madd(mu, v128.load(m + at), part);
      storePart(newM + at, mean, n - i);
      storePart(direction + at, madd(mu, mean, part), n - i);
    }
  }
}

/** `tables`: for each stack its address and number of matrices (r × r). */
export function normalizeGrams(
  thread: i32, threads: i32, grams: usize, scales: usize, r: i32, epsilon: f32, stacks: i32, tables: Words,
): void {
  const bytes = <usize>(r * r) << 2;
  const start = firstUnit(r * r, 16, thread, threads);
  const end = firstUnit(r * r, 16, thread + 1, threads);
  let to = grams;
  for (let stack = 0; stack < stacks; stack++) {
    let from = address(tables, 2 * stack);
    for (let k = int(tables, 2 * stack + 1); k > 0; k--, scales += 4, from += bytes, to += bytes) {
      let trace: f32 = 0;
      for (let i = 0; i < r; i++) trace += load<f32>(from + (<usize>(i * r + i) << 2));
      const scale = <f32>1 / (sqrt<f32>(trace) + epsilon);
      if (thread == 0) store<f32>(scales, scale);
      const squared = f32x4.splat(scale * scale);
      for (let i = start; i < end; i += 4) {
        const at = <usize>i << 2;
        storePart(to + at, f32x4.mul(squared, v128.load(from + at)), r * r - i);
      }
    }
  }
}

/** `tables`: for each matrix the addresses of the parameter and of the new one, of n floats each. */
export function muonUpdate(
  thread: i32, threads: i32, directions: usize, scales: usize, learningRate: usize, weightDecay: f32, factor: f32,
  n: i32, matrices: i32, tables: Words,
): void {
  const rate = load<f32>(learningRate);
  const decay = f32x4.splat(1 - rate * weightDecay);
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let k = 0; k < matrices; k++) {
    const step = f32x4.splat(rate * factor * load<f32>(scales + (<usize>k << 2)));
    const parameter = address(tables, 2 * k);
    const newParameter = address(tables, 2 * k + 1);
    const direction = directions + (<usize>(k * n) << 2);
    for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
      const at = <usize>i << 2;
      const decayed = f32x4.mul(v128.load(parameter + at), decay);
      storePart(newParameter + at, nmadd(step, v128.load(direction + at), decayed), n - i);
    }
  }
}

// Symmetric products: only tiles that touch the diagonal or lie above it are computed.

/**
 * Rows i0 … i0 + m − 1 of C (n × n) = A · B from the diagonal on. A points at the first of these rows, B is in
 * panels of `k` rows. Tiles that the diagonal crosses are written whole: below it they lie in the m × m corner,
 * which is this task's own. Memory of the calling thread: `strips` for m rows of A and KC columns, `edge` for a tile.
 */
function upperRows(
  m: i32, n: i32, k: i32, i0: i32, a: usize, rows: usize, columns: usize, packed: usize, c: usize,
  strips: usize, edge: usize,
): void {
  const ldc = <usize>n << 2;
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0);
    const stripBytes = <usize>kc * STRIP;
    for (let i = 0, to = strips; i < m; i += MR, to += stripBytes) {
      packStrip(a + <usize>i * rows + <usize>k0 * columns, rows, columns, min(MR, m - i), kc, to);
    }
    for (let j = i0; j < n; j += NR) {
      const panel = packed + ((<usize>j * <usize>k + <usize>(k0 * NR)) << 2);
      const end = min(m, j + NR - i0);
      let out = c + <usize>i0 * ldc + (<usize>j << 2);
      for (let i = 0, strip = strips; i < end; i += MR, strip += stripBytes, out += <usize>MR * ldc) {
        tilePart(strip, panel, kc, k0 > 0 ? 0 : ZEROS, out, ldc, min(MR, m - i), min(NR, n - j), edge);
      }
    }
  }
}

/** Adds the other terms to a 4 × 4 block at (i, j), i ≤ j, and mirrors it; the part that lies within n × n. */
function finishPart(c: usize, a: usize, n: i32, i: i32, j: i32, alpha: f32, beta: f32, gamma: f32): void {
  for (let row = i; row < min(n, i + 4); row++) {
    for (let column = max(row, j); column < min(n, j + 4); column++) {
      const at = <usize>(row * n + column) << 2;
      let x = gamma * load<f32>(c + at);
      if (beta != 0) x += beta * load<f32>(a + at);
      if (row == column) x += alpha;
      store<f32>(c + at, x);
      store<f32>(c + (<usize>(column * n + row) << 2), x);
    }
  }
}

/** The same for a whole block off the diagonal. */
@inline
function finishBlock(c: usize, a: usize, n: i32, i: i32, j: i32, plain: bool, beta: v128, gamma: v128): void {
  const ldc = <usize>n << 2;
  const at = <usize>(i * n + j) << 2;
  const from = c + at;
  let r0 = v128.load(from);
  let r1 = v128.load(from + ldc);
  let r2 = v128.load(from + 2 * ldc);
  let r3 = v128.load(from + 3 * ldc);
  if (!plain) {
    const x = a + at;
    r0 = madd(gamma, r0, f32x4.mul(beta, v128.load(x)));
    r1 = madd(gamma, r1, f32x4.mul(beta, v128.load(x + ldc)));
    r2 = madd(gamma, r2, f32x4.mul(beta, v128.load(x + 2 * ldc)));
    r3 = madd(gamma, r3, f32x4.mul(beta, v128.load(x + 3 * ldc)));
    v128.store(from, r0);
    v128.store(from + ldc, r1);
    v128.store(from + 2 * ldc, r2);
    v128.store(from + 3 * ldc, r3);
  }
  storeTransposed(c + (<usize>(j * n + i) << 2), ldc, r0, r1, r2, r3);
}

/** Adds the other terms to rows i0 … i0 + m − 1 of C, from the diagonal on, and mirrors them into columns. */
function finish(c: usize, a: usize, n: i32, i0: i32, m: i32, alpha: f32, beta: f32, gamma: f32): void {
  const plain = alpha == 0 && beta == 0 && gamma == 1;
  const b = f32x4.splat(beta);
  const g = f32x4.splat(gamma);
  for (let j = i0; j < n; j += 4) {
    for (let i = i0; i < min(j + 4, i0 + m); i += 4) {
      if (i < j && i + 4 <= n && j + 4 <= n) finishBlock(c, a, n, i, j, plain, b, g);
      else finishPart(c, a, n, i, j, alpha, beta, gamma);
    }
  }
}

/** C (n × n) = gamma · A · B + beta · A + alpha · I, with B in panels, where A is row-major if beta is not 0. */
export function symmetricMatmul(
  thread: i32, threads: i32, a: usize, packed: usize, c: usize, matrices: i32, n: i32, k: i32, matrixStride: i32,
  rowStride: i32, columnStride: i32, alpha: f32, beta: f32, gamma: f32, strips: PerThread, edge: PerThread,
): void {
  const rows = <usize>rowStride << 2;
  const columns = <usize>columnStride << 2;
  const panels = (n + NR - 1) / NR;
  const blocks = (n + BLOCK - 1) / BLOCK;
  const tasks = matrices * blocks;
  for (let task = first(tasks, thread, threads), end = first(tasks, thread + 1, threads); task < end; task++) {
    const matrix = task / blocks;
    const i = (task - matrix * blocks) * BLOCK;
    const m = min(BLOCK, n - i);
    const matrixA = a + (<usize>(matrix * matrixStride) << 2);
    const panelsB = packed + <usize>matrix * <usize>panels * <usize>k * PANEL;
    const matrixC = c + (<usize>(matrix * n * n) << 2);
    upperRows(m, n, k, i, matrixA + <usize>i * rows, rows, columns, panelsB, matrixC, strips, edge);
    finish(matrixC, matrixA, n, i, m, alpha, beta, gamma);
  }
}
