// The rows of x lie wherever three loops find them; those of the other operands one after another.
// Loops that use values from outside test at their end: V8 moves what does not change only out of loops
// whose body always runs. Rows have at least one element.

import {
  first, int, itemAt, itemsOf, lanes, madd, nmadd, storePart, sum4, sumOfSquares, Words,
} from '../shared/kernel.wasm';

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
  const s = f32x4.splat(<f32>1 / sqrt<f32>(sumOfSquares(x, width) / <f32>width + epsilon));
  let i = 0;
  for (; i + 4 <= width; i += 4, x += 16, y += 16) v128.store(y, f32x4.mul(v128.load(x), s));
  if (i < width) storePart(y, f32x4.mul(v128.load(x), s), width - i);
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
