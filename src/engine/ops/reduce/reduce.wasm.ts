import { first, largestOf, storePart, sumOf } from '../shared/kernel.wasm';

/** Columns that one thread adds up together: eight vectors of accumulators. */
const STRIP: i32 = 32;

/** y (outer, blocks): sums of up to `block` neighbours of x (outer, terms). */
export function sumRows(
  thread: i32, threads: i32, x: usize, y: usize, outer: i32, terms: i32, blocks: i32, block: i32,
): void {
  const end = first(outer * blocks, thread + 1, threads);
  for (let item = first(outer * blocks, thread, threads); item < end; item++) {
    const from = (item % blocks) * block;
    const n = min(block, terms - from);
    store<f32>(y + ((<usize>item) << 2), sumOf(x + ((<usize>((item / blocks) * terms + from)) << 2), n));
  }
}

/** y (outer, blocks, inner): sums of up to `block` rows of x (outer, terms, inner). */
export function sumColumns(
  thread: i32, threads: i32, x: usize, y: usize, outer: i32, terms: i32, inner: i32, blocks: i32, block: i32,
): void {
  const strips = (inner + STRIP - 1) / STRIP;
  const step = (<usize>inner) << 2;
  const items = outer * blocks * strips;
  for (let item = first(items, thread, threads), end = first(items, thread + 1, threads); item < end; item++) {
    const sum = item / strips; // which row of y
    const column = (item % strips) * STRIP;
    const width = min(STRIP, inner - column);
    const from = (sum % blocks) * block;
    const rows = min(block, terms - from);
    const p = x + ((<usize>(((sum / blocks) * terms + from) * inner + column)) << 2);
    const q = y + ((<usize>(sum * inner + column)) << 2);
    if (width == STRIP) sumStrip(p, q, rows, step);
    else
      for (let i = 0; i < width; i += 4)
        sumFour(p + ((<usize>i) << 2), q + ((<usize>i) << 2), rows, step, width - i);
  }
}

/** Sums of 32 columns over `rows` rows that lie `step` bytes apart. */
function sumStrip(p: usize, q: usize, rows: i32, step: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (let row = 0; row < rows; row++, p += step) {
    s0 = f32x4.add(s0, v128.load(p));
    s1 = f32x4.add(s1, v128.load(p, 16));
    s2 = f32x4.add(s2, v128.load(p, 32));
    s3 = f32x4.add(s3, v128.load(p, 48));
    s4 = f32x4.add(s4, v128.load(p, 64));
    s5 = f32x4.add(s5, v128.load(p, 80));
    s6 = f32x4.add(s6, v128.load(p, 96));
    s7 = f32x4.add(s7, v128.load(p, 112));
  }
  v128.store(q, s0);
  v128.store(q, s1, 16);
  v128.store(q, s2, 32);
  v128.store(q, s3, 48);
  v128.store(q, s4, 64);
  v128.store(q, s5, 80);
  v128.store(q, s6, 96);
  v128.store(q, s7, 112);
}

/** Sums of up to four columns. */
function sumFour(p: usize, q: usize, rows: i32, step: usize, width: i32): void {
  let s = f32x4.splat(0);
  for (let row = 0; row < rows; row++, p += step) s = f32x4.add(s, v128.load(p));
  storePart(q, s, width);
}

/** y (rows): the largest element of each row of x (rows, width); NaN if there is one. */
export function max(thread: i32, threads: i32, x: usize, y: usize, rows: i32, width: i32): void {
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    store<f32>(y + (<usize>row << 2), largestOf(x + ((<usize>row * width) << 2), width));
  }
}

/** dx (rows, width): dy (rows) at the first of a row's largest elements, else 0. */
export function maxGradient(thread: i32, threads: i32, x: usize, dy: usize, dx: usize, rows: i32, width: i32): void {
  for (let row = first(rows, thread, threads), end = first(rows, thread + 1, threads); row < end; row++) {
    const at = (<usize>row * width) << 2;
    const m = largestOf(x + at, width);
    let i: usize = 0;
    for (let v = load<f32>(x + at); v != m && !(isNaN(m) && isNaN(v)); v = load<f32>(x + at + i)) i += 4;
    memory.fill(dx + at, 0, <usize>width << 2);
    store<f32>(dx + at + i, load<f32>(dy + (<usize>row << 2)));
  }
}
