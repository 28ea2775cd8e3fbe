// Loops that use values from outside test at their end: V8 moves what does not change only out of loops
// whose body always runs. Rows have at least one element.

import { address, first, firstUnit, float, int, lanes, loadPart, madd, nmadd, storePart, sum4 } from '../shared/kernel.wasm';

/** Σ xᵢ over a row of n floats. */
function rowSum(x: usize, n: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16, x += 64) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
    c = f32x4.add(c, v128.load(x, 32));
    d = f32x4.add(d, v128.load(x, 48));
  }
  for (; i < n; i += 4, x += 16) a = f32x4.add(a, loadPart(x, n - i));
  return sum4(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Σ (xᵢ − mean)² over a row of n floats. */
function rowSquares(x: usize, n: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16, x += 64) {
    const p = f32x4.sub(v128.load(x), m);
    const q = f32x4.sub(v128.load(x, 16), m);
    const r = f32x4.sub(v128.load(x, 32), m);
    const s = f32x4.sub(v128.load(x, 48), m);
    a = madd(p, p, a);
    b = madd(q, q, b);
    c = madd(r, r, c);
    d = madd(s, s, d);
  }
  for (; i < n; i += 4, x += 16) {
    const p = v128.and(f32x4.sub(v128.load(x), m), lanes(n - i));
    a = madd(p, p, a);
  }
  return sum4(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** x, weight, bias (0: none), y, mean, rstd, rows, width, epsilon */
export function layerNorm(args: usize, thread: i32, threads: i32): void {
  const weight = address(args, 1);
  const bias = address(args, 2);
  const rows = int(args, 6);
  const width = int(args, 7);
  const epsilon = float(args, 8);
  const last = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < last; row++) {
    const at = <usize>(row * width) << 2;
    const x = address(args, 0) + at;
    const y = address(args, 3) + at;
    const mean = rowSum(x, width) / <f32>width;
    const rstd = <f32>1 / sqrt<f32>(rowSquares(x, width, mean) / <f32>width + epsilon);
    store<f32>(address(args, 4) + (<usize>row << 2), mean);
    store<f32>(address(args, 5) + (<usize>row << 2), rstd);
    const m = f32x4.splat(mean);
    const s = f32x4.splat(rstd);
    let i = 0;
    do {
      const p = <usize>i << 2;
      const normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
      const shift = bias ? v128.load(bias + p) : f32x4.splat(0);
      storePart(y + p, madd(normal, v128.load(weight + p), shift), width - i);
      i += 4;
    } while (i < width);
  }
}

/**
 * x, weight, mean, rstd, dy, dx, partials, rows, width, rowsPerBlock. With the normalised row n and
 * dn = dy · weight: dx = rstd · (dn − mean(dn) − n · mean(dn · n)), and the partials of a block of rows
 * are Σ dy · n and Σ dy.
 */
export function layerNormGradient(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 7);
  const width = int(args, 8);
  const rowsPerBlock = int(args, 9);
  const padded = <usize>((width + 3) & ~3) << 2; // bytes
  const blocks = (rows + rowsPerBlock - 1) / rowsPerBlock;
  const lastBlock = first(blocks, thread + 1, threads);
  for (let block = first(blocks, thread, threads); block < lastBlock; block++) {
    const partials = address(args, 6) + <usize>block * 2 * padded;
    memory.fill(partials, 0, 2 * padded);
    const lastRow = min(rows, (block + 1) * rowsPerBlock);
    for (let row = block * rowsPerBlock; row < lastRow; row++) {
      layerNormGradientRow(args, row, width, partials, partials + padded);
    }
  }
}

function layerNormGradientRow(args: usize, row: i32, width: i32, dweight: usize, dbias: usize): void {
  const at = <usize>(row * width) << 2;
  const x = address(args, 0) + at;
  const weight = address(args, 1);
  const dy = address(args, 4) + at;
  const dx = address(args, 5) + at;
  const m = v128.load32_splat(address(args, 2) + (<usize>row << 2));
  const s = v128.load32_splat(address(args, 3) + (<usize>row << 2));
  let sum = f32x4.splat(0);
  let product = f32x4.splat(0);
  let i = 0;
  do {
    const p = <usize>i << 2;
    let normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
    let gradient = v128.load(dy + p);
    let dnormal = f32x4.mul(gradient, v128.load(weight + p));
    if (i + 4 > width) {
      // What lies past the end of the row must not count.
      const inRow = lanes(width - i);
      normal = v128.and(normal, inRow);
      gradient = v128.and(gradient, inRow);
      dnormal = v128.and(dnormal, inRow);
    }
    sum = f32x4.add(sum, dnormal);
    product = madd(dnormal, normal, product);
    v128.store(dweight + p, madd(gradient, normal, v128.load(dweight + p)));
    v128.store(dbias + p, f32x4.add(gradient, v128.load(dbias + p)));
    i += 4;
  } while (i < width);
  const a = f32x4.splat(sum4(sum) / <f32>width);
  const b = f32x4.splat(sum4(product) / <f32>width);
  i = 0;
  do {
    const p = <usize>i << 2;
    const normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
    const dnormal = f32x4.mul(v128.load(dy + p), v128.load(weight + p));
    storePart(dx + p, f32x4.mul(s, nmadd(normal, b, f32x4.sub(dnormal, a))), width - i);
    i += 4;
  } while (i < width);
}

/** partials, dweight, dbias (0: none), blocks, width: adds up the blocks in order. */
export function layerNormGradientSum(args: usize, thread: i32, threads: i32): void {
  const dweight = address(args, 1);
  const dbias = address(args, 2);
  const blocks = int(args, 3);
  const width = int(args, 4);
  const padded = <usize>((width + 3) & ~3) << 2; // bytes
  const end = firstUnit(width, 16, thread + 1, threads);
  for (let i = firstUnit(width, 16, thread, threads); i < end; i += 4) {
    let from = address(args, 0) + (<usize>i << 2);
    let weight = f32x4.splat(0);
    let bias = f32x4.splat(0);
    for (let block = 0; block < blocks; block++, from += 2 * padded) {
      weight = f32x4.add(weight, v128.load(from));
      bias = f32x4.add(bias, v128.load(from + padded));
    }
    storePart(dweight + (<usize>i << 2), weight, width - i);
    if (dbias) storePart(dbias + (<usize>i << 2), bias, width - i);
  }
}
