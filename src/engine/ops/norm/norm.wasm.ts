// Rows have at least one element. They are worked on eight elements at a time: two vectors that a wide engine makes one of.

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
    if (bias) scaleNormal(true, from, m, s, weight, bias, to, width);
    else scaleNormal(false, from, m, s, weight, 0, to, width);
  }
}

/** y = (x − m) · s · weight + bias of a row; eight at a time, two vectors that a wide engine makes one of. */
@inline
function scaleNormal(
  biased: bool, x: usize, m: v128, s: v128, weight: usize, bias: usize, y: usize, width: i32,
): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    const p = <usize>i << 2;
    const normal0 = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
    const normal1 = f32x4.mul(f32x4.sub(v128.load(x + p, 16), m), s);
    const y0 = madd(normal0, v128.load(weight + p), biased ? v128.load(bias + p) : zero);
    const y1 = madd(normal1, v128.load(weight + p, 16), biased ? v128.load(bias + p, 16) : zero);
    v128.store(y + p, y0);
    v128.store(y + p, y1, 16);
  }
  for (; i < width; i += 4) {
    const p = <usize>i << 2;
    const normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
    storePart(y + p, madd(normal, v128.load(weight + p), biased ? v128.load(bias + p) : zero), width - i);
  }
}

/**
 * With the normalised row n and dn = dy · weight: dx = rstd · (dn − mean(dn) − n · mean(dn · n)). Each block of rows
 * leaves Σ dy · n in its row of `weightSums` and Σ dy in that of `biasSums` (0 if there is no bias), both `step` elements
 * apart. What lies at `addend` is added to dx; 0 if nothing is.
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
    if (biasSums) memory.fill(dbias, 0, bytes);
    const lastRow = min(rows, (block + 1) * rowsPerBlock);
    for (let row = block * rowsPerBlock; row < lastRow; row++) {
      const at = <usize>(row * width) << 2;
      const m = v128.load32_splat(mean + (<usize>row << 2));
      const s = v128.load32_splat(rstd + (<usize>row << 2));
      const more = addend ? addend + at : 0;
      if (biasSums) layerNormGradientRow(true, x + at, weight, m, s, dy + at, more, dx + at, width, dweight, dbias);
      else layerNormGradientRow(false, x + at, weight, m, s, dy + at, more, dx + at, width, dweight, 0);
    }
  }
}

@inline
function layerNormGradientRow(
  biased: bool, x: usize, weight: usize, m: v128, s: v128, dy: usize, addend: usize, dx: usize, width: i32,
  dweight: usize, dbias: usize,
): void {
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let product0 = sum0;
  let product1 = sum0;
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    const p = <usize>i << 2;
    const normal0 = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
    const normal1 = f32x4.mul(f32x4.sub(v128.load(x + p, 16), m), s);
    const gradient0 = v128.load(dy + p);
    const gradient1 = v128.load(dy + p, 16);
    const dnormal0 = f32x4.mul(gradient0, v128.load(weight + p));
    const dnormal1 = f32x4.mul(gradient1, v128.load(weight + p, 16));
    sum0 = f32x4.add(sum0, dnormal0);
    sum1 = f32x4.add(sum1, dnormal1);
    product0 = madd(dnormal0, normal0, product0);
    product1 = madd(dnormal1, normal1, product1);
    const w0 = madd(gradient0, normal0, v128.load(dweight + p));
    const w1 = madd(gradient1, normal1, v128.load(dweight + p, 16));
    v128.store(dweight + p, w0);
    v128.store(dweight + p, w1, 16);
    if (!biased) continue;
    const b0 = f32x4.add(gradient0, v128.load(dbias + p));
    const b1 = f32x4.add(gradient1, v128.load(dbias + p, 16));
    v128.store(dbias + p, b0);
    v128.store(dbias + p, b1, 16);
  }
  for (; i < width; i += 4) {
    const p = <usize>i << 2;
    // What lies past the end of the row must not count.
    const inRow = lanes(width - i);
    const normal = v128.and(f32x4.mul(f32x4.sub(v128.load(x + p), m), s), inRow);
    const gradient = v128.and(v128.load(dy + p), inRow);
    const dnormal = v128.and(f32x4.mul(gradient, v128.load(weight + p)), inRow);
    sum0 = f32x4.add(sum0, dnormal);
    product0 = madd(dnormal, normal, product0);
    v128.store(dweight + p, madd(gradient, normal, v128.load(dweight + p)));
    if (biased) v128.store(dbias + p, f32x4.add(gradient, v128.load(dbias + p)));
  }
  const a = f32x4.splat(sum4(f32x4.add(sum0, sum1)) / <f32>width);
  const b = f32x4.splat(sum4(f32x4.add(product0, product1)) / <f32>width);
  if (addend) moveBack(true, x, weight, m, s, dy, addend, dx, width, a, b);
  else moveBack(false, x, weight, m, s, dy, 0, dx, width, a, b);
}

/** dx = s · (dy · weight − a − n · b) of a row, added to `addend` if that is so. */
@inline
function moveBack(
  added: bool, x: usize, weight: usize, m: v128, s: v128, dy: usize, addend: usize, dx: usize, width: i32, a: v128,
  b: v128,
): void {
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    const p = <usize>i << 2;
    const normal0 = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
    const normal1 = f32x4.mul(f32x4.sub(v128.load(x + p, 16), m), s);
    const dnormal0 = f32x4.mul(v128.load(dy + p), v128.load(weight + p));
    const dnormal1 = f32x4.mul(v128.load(dy + p, 16), v128.load(weight + p, 16));
    const gradient0 = f32x4.mul(s, nmadd(normal0, b, f32x4.sub(dnormal0, a)));
    const gradient1 = f32x4.mul(s, nmadd(normal1, b, f32x4.sub(dnormal1, a)));
    const dx0 = added ? f32x4.add(v128.load(addend + p), gradient0) : gradient0;
    const dx1 = added ? f32x4.add(v128.load(addend + p, 16), gradient1) : gradient1;
    v128.store(dx + p, dx0);
    v128.store(dx + p, dx1, 16);
  }
  for (; i < width; i += 4) {
    const p = <usize>i << 2;
    const normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
    const dnormal = f32x4.mul(v128.load(dy + p), v128.load(weight + p));
    const gradient = f32x4.mul(s, nmadd(normal, b, f32x4.sub(dnormal, a)));
    storePart(dx + p, added ? f32x4.add(v128.load(addend + p), gradient) : gradient, width - i);
  }
}

/** Adds up the blocks' sums in order; `biasSums` and `dbias` are 0 if there is none. */
export function layerNormGradientSum(
  thread: i32, threads: i32, weightSums: usize, biasSums: usize, step: i32, dweight: usize, dbias: usize,
  blocks: i32, width: i32,
): void {
  const bytes = <usize>step << 2;
  const end = firstUnit(width, 16, thread + 1, threads);
  for (let i = firstUnit(width, 16, thread, threads); i < end; i += 4) {
    const at = <usize>i << 2;
    storePart(dweight + at, sumBlocks(weightSums + at, bytes, blocks), width - i);
    if (dbias) storePart(dbias + at, sumBlocks(biasSums + at, bytes, blocks), width - i);
  }
}

/** The sum of vectors that lie `step` bytes apart. */
@inline
function sumBlocks(from: usize, step: usize, blocks: i32): v128 {
  let sum = f32x4.splat(0);
  for (let block = 0; block < blocks; block++, from += step) sum = f32x4.add(sum, v128.load(from));
  return sum;
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
