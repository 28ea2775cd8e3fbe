// Loops that use values from outside test at their end: V8 moves what does not change only out of loops
// whose body always runs. Rows have at least one element.

import {
  first, firstUnit, int, itemAt, itemsOf, lanes, madd, nmadd, scaleRow, storePart, sum4, sumOf, sumOfDeviations, sumOfSquares,
  Words,
} from '../shared/kernel.wasm';

/** `bias` is 0 if there is none. */
export function layerNorm(
  thread: i32, threads: i32, x: usize, weight: usize, bias: usize, y: usize, mean: usize, rstd: usize,
  rows: i32, width: i32, epsilon: f32,
): void {
  for (let row = first(rows, thread, threads), last = first(rows, thread + 1, threads); row < last; row++) {
    const at = <usize>(row * width) << 2;
    const from = x + at;
    const to = y + at;
    const rowMean = sumOf(from, width) / <f32>width;
    const scale = <f32>1 / sqrt<f32>(sumOfDeviations(from, width, rowMean) / <f32>width + epsilon);
    store<f32>(mean + (<usize>row << 2), rowMean);
    store<f32>(rstd + (<usize>row << 2), scale);
    const m = f32x4.splat(rowMean);
    const s = f32x4.splat(scale);
    let i = 0;
    do {
      const p = <usize>i << 2;
      const normal = f32x4.mul(f32x4.sub(v128.load(from + p), m), s);
      const shift = bias ? v128.load(bias + p) : f32x4.splat(0);
      storePart(to + p, madd(normal, v128.load(weight + p), shift), width - i);
      i += 4;
    } while (i < width);
  }
}

/**
 * With the normalised row n and dn = dy · weight: dx = rstd · (dn − mean(dn) − n · mean(dn · n)). Each block of rows
 * leaves Σ dy · n in its row of `weightSums` and Σ dy in that of `biasSums`, both `step` elements apart. What lies at
 * `addend` is added to dx; 0 if nothing is.
 */
export function layerNormGradient(
  thread: i32, threads: i32, x: usize, weight: usize, mean: usize, rstd: usize, dy: usize, addend: usize, dx: usize,
  weightSums: usize, biasSums: usize, step: i32, rows: i32, width: i32, rowsPerBlock: i32,
): void {
  const bytes = <usize>step << 2;
  const blocks = (rows + rowsPerBlock - 1) / rowsPerBlock;
  const lastBlock = first(blocks, thread + 1, threads);
  for (let block = first(blocks, thread, threads); block < lastBlock; block++) {
    const dweight = weightSums + <usize>block * bytes;
    const dbias = biasSums + <usize>block * bytes;
    memory.fill(dweight, 0, bytes);
    memory.fill(dbias, 0, bytes);
    const lastRow = min(rows, (block + 1) * rowsPerBlock);
    for (let row = block * rowsPerBlock; row < lastRow; row++) {
      const at = <usize>(row * width) << 2;
      const m = v128.load32_splat(mean + (<usize>row << 2));
      const s = v128.load32_splat(rstd + (<usize>row << 2));
      const more = addend ? addend + at : 0;
      layerNormGradientRow(x + at, weight, m, s, dy + at, more, dx + at, width, dweight, dbias);
    }
  }
}

function layerNormGradientRow(
  x: usize, weight: usize, m: v128, s: v128, dy: usize, addend: usize, dx: usize, width: i32, dweight: usize,
  dbias: usize,
): void {
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
    const gradient = f32x4.mul(s, nmadd(normal, b, f32x4.sub(dnormal, a)));
    storePart(dx + p, addend ? f32x4.add(v128.load(addend + p), gradient) : gradient, width - i);
    i += 4;
  } while (i < width);
}

/** Adds up the blocks' sums in order; `dbias` is 0 if there is none. */
export function layerNormGradientSum(
  thread: i32, threads: i32, weightSums: usize, biasSums: usize, step: i32, dweight: usize, dbias: usize,
  blocks: i32, width: i32,
): void {
  const bytes = <usize>step << 2;
  const end = firstUnit(width, 16, thread + 1, threads);
  for (let i = firstUnit(width, 16, thread, threads); i < end; i += 4) {
    let at = <usize>i << 2;
    let weight = f32x4.splat(0);
    let bias = f32x4.splat(0);
    for (let block = 0; block < blocks; block++, at += bytes) {
      weight = f32x4.add(weight, v128.load(weightSums + at));
      bias = f32x4.add(bias, v128.load(biasSums + at));
    }
    storePart(dweight + (<usize>i << 2), weight, width - i);
    if (dbias) storePart(dbias + (<usize>i << 2), bias, width - i);
  }
}

// The rows of x lie wherever three loops find them in RMS norms; those of the other operands one after another.

export function rmsNorm(
  thread: i32, threads: i32, x: usize, y: usize, width: i32, epsilon: f32, extents: Words, strides: Words,
): void {
  const e2 = int(extents, 2);
  const step = <usize>int(strides, 2) << 2;
  const last = first(itemsOf(extents), thread + 1, threads);
  for (let row = first(itemsOf(extents), thread, threads); row < last; ) {
    let from = itemAt(x, row, extents, strides);
    let to = y + (<usize>(row * width) << 2);
    const end = min(last, row - (row % e2) + e2); // of the innermost loop
    for (; row < end; row++, from += step, to += <usize>width << 2) rmsNormRow(from, to, width, epsilon);
  }
}

@inline
function rmsNormRow(x: usize, y: usize, width: i32, epsilon: f32): void {
  scaleRow(x, y, width, <f32>1 / sqrt<f32>(sumOfSquares(x, width) / <f32>width + epsilon));
}

export function rmsNormGradient(
  thread: i32, threads: i32, x: usize, dy: usize, dx: usize, width: i32, epsilon: f32, extents: Words,
  strides: Words,
): void {
  const e2 = int(extents, 2);
  const step = <usize>int(strides, 2) << 2;
  const last = first(itemsOf(extents), thread + 1, threads);
  for (let row = first(itemsOf(extents), thread, threads); row < last; ) {
    let from = itemAt(x, row, extents, strides);
    let at = <usize>(row * width) << 2;
    const end = min(last, row - (row % e2) + e2); // of the innermost loop
    for (; row < end; row++, from += step, at += <usize>width << 2) {
      rmsNormGradientRow(from, dy + at, dx + at, width, epsilon);
    }
  }
}

/** With s = 1 / √(mean(x²) + epsilon): dx = s · (dy − x · s² · mean(x · dy)). */
@inline
function rmsNormGradientRow(x: usize, dy: usize, dx: usize, width: i32, epsilon: f32): void {
  let square0 = f32x4.splat(0);
  let square1 = f32x4.splat(0);
  let product0 = f32x4.splat(0);
  let product1 = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    const at = <usize>i << 2;
    const p = v128.load(x + at);
    const q = v128.load(x + at, 16);
    square0 = madd(p, p, square0);
    square1 = madd(q, q, square1);
    product0 = madd(p, v128.load(dy + at), product0);
    product1 = madd(q, v128.load(dy + at, 16), product1);
  }
  for (; i < width; i += 4) {
    const at = <usize>i << 2;
    const inRow = lanes(width - i);
    const p = v128.and(v128.load(x + at), inRow);
    square0 = madd(p, p, square0);
    product0 = madd(p, v128.and(v128.load(dy + at), inRow), product0);
  }
  const meanSquare = sum4(f32x4.add(square0, square1)) / <f32>width;
  const meanProduct = sum4(f32x4.add(product0, product1)) / <f32>width;
  const scale = <f32>1 / sqrt<f32>(meanSquare + epsilon);
  const s = f32x4.splat(scale);
  const m = f32x4.splat(scale * scale * meanProduct);
  for (i = 0; i + 4 <= width; i += 4) {
    const at = <usize>i << 2;
    v128.store(dx + at, f32x4.mul(s, nmadd(v128.load(x + at), m, v128.load(dy + at))));
  }
  if (i < width) {
    const at = <usize>i << 2;
    storePart(dx + at, f32x4.mul(s, nmadd(v128.load(x + at), m, v128.load(dy + at))), width - i);
  }
}
