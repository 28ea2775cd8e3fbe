import {
  addScaled, fill, first, firstUnit, int, PerThread, PREFETCHED, prefetch, storePart, sumOfSquaresByTwo,
} from '../shared/kernel.wasm';
import { Q8_GROUP } from '../matmul/constants';
import { q8RowBytes, q8Units } from '../matmul/q8.wasm';

export function embedding(
  thread: i32, threads: i32, weight: usize, indices: usize, y: usize, tokens: i32, rows: i32, width: i32,
): void {
  const bytes = (<usize>width) << 2;
  const last = first(tokens, thread + 1, threads);
  for (let start = first(tokens, thread, threads); start < last; start += PREFETCHED) {
    const end = min(start + PREFETCHED, last);
    for (let token = start; token < end; token++) {
      const index = load<u32>(indices + ((<usize>token) << 2));
      if (index < <u32>rows) prefetch(weight + index * bytes, bytes);
    }
    for (let token = start; token < end; token++) {
      const index = load<u32>(indices + ((<usize>token) << 2));
      const to = y + <usize>token * bytes;
      if (index < <u32>rows) copyRow(weight + index * bytes, to, width);
      else fill(to, width, f32x4.splat(NaN));
    }
  }
}

/** The same of a q8 table: see matmul/q8.ts. */
export function embeddingQ8(
  thread: i32, threads: i32, weight: usize, indices: usize, y: usize, tokens: i32, rows: i32, width: i32,
): void {
  const bytes = q8RowBytes(width);
  const units = q8Units(weight, rows, width);
  for (let token = first(tokens, thread, threads), end = first(tokens, thread + 1, threads); token < end; token++) {
    const index = load<u32>(indices + ((<usize>token) << 2));
    const to = y + ((<usize>token * <usize>width) << 2);
    if (index >= <u32>rows) {
      fill(to, width, f32x4.splat(NaN));
      continue;
    }
    const unit = load<f32>(units + (<usize>index << 2));
    const inGroup = index % Q8_GROUP;
    const row = weight + <usize>(index - inGroup) * bytes + (inGroup << 2);
    for (let i: usize = 0; i < <usize>width; i++) {
      store<f32>(to + (i << 2), <f32>load<i8>(row + (i >> 2) * (4 * Q8_GROUP) + (i & 3)) * unit);
    }
  }
}

function copyRow(from: usize, to: usize, n: i32): void {
  for (; n >= 8; n -= 8, from += 32, to += 32) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    v128.store(to, a);
    v128.store(to, b, 16);
  }
  for (; n > 0; n -= 4, from += 16, to += 16) storePart(to, v128.load(from), n);
}

/**
 * Every thread walks all tokens in order, and owns some of the columns: words are so unevenly frequent that rows
 * would share the work badly.
 */
export function embeddingGradient(
  thread: i32, threads: i32, dy: usize, indices: usize, dweight: usize, tokens: i32, rows: i32, width: i32,
): void {
  const from = firstUnit(width, 16, thread, threads);
  const n = firstUnit(width, 16, thread + 1, threads) - from;
  if (n == 0) return;
  const column = (<usize>from) << 2;
  for (let row = 0; row < rows; row++) {
    memory.fill(dweight + ((<usize>(row * width)) << 2) + column, 0, (<usize>n) << 2);
  }
  for (let token = 0; token < tokens; token++) {
    const index = load<i32>(indices + ((<usize>token) << 2));
    if (<u32>index >= <u32>rows) continue;
    const to = dweight + ((<usize>(index * width)) << 2) + column;
    addScaled(to, dy + ((<usize>(token * width)) << 2) + column, 1, n);
  }
}

/** ids (B, S), y (B, length), a position for each sequence if `each` is 1. The hash is defined in lookup.ts. */
export function ngram(
  thread: i32, threads: i32, ids: usize, position: usize, each: i32, y: usize, B: i32, S: i32, length: i32, order: i32,
  rows: i32,
): void {
  const n = B * length;
  for (let i = first(n, thread, threads), last = first(n, thread + 1, threads); i < last; i++) {
    const b = i / length;
    const sequence = ids + ((<usize>(b * S)) << 2);
    const p = int(position, b * each) + (i % length);
    let h: u32 = 0;
    for (let j = 0; j < order; j++) {
      const place = p - j;
      const token = <u32>place < <u32>S ? load<i32>(sequence + ((<usize>place) << 2)) : -1;
      h = (h ^ <u32>(token + 1)) * 0x9e3779b1;
      h ^= h >> 15;
    }
    h = (h ^ (h >> 16)) * 0x85ebca6b;
    h = (h ^ (h >> 13)) * 0xc2b2ae35;
    h ^= h >> 16;
    store<i32>(y + ((<usize>i) << 2), <i32>(h % <u32>rows));
  }
}

/**
 * A row is updated by one thread, which its hash decides, and from its tokens in order. Memory of the thread's own:
 * `heads`, an open-addressing table of 2^slotBits from rows to their first token + 1 (0 where free), `next`, for each
 * token the next one of its row + 1 (0 at the end), `used`, the slots in use, and `sum`, of a row's gradients.
 */
export function rowAdagrad(
  thread: i32, threads: i32, table: usize, squares: usize, gradient: usize, indices: usize, learningRate: usize,
  epsilon: f32, tokens: i32, rows: i32, width: i32, slotBits: i32, heads: PerThread, next: PerThread, used: PerThread,
  sum: PerThread,
): void {
  const bytes = <usize>width << 2;
  const mask = (1 << slotBits) - 1;
  memory.fill(heads, 0, <usize>4 << slotBits);
  let count = 0;
  // From the last token to the first, each becomes the head of its row's chain, which thus ascends.
  for (let token = tokens - 1; token >= 0; token--) {
    const row = load<u32>(indices + ((<usize>token) << 2));
    if (row >= <u32>rows) continue;
    const hash = row * 0x9e3779b1;
    if (<i32>((<u64>hash * threads) >> 32) != thread) continue;
    let slot = <i32>(hash >> (32 - slotBits));
    let head = load<i32>(heads + ((<usize>slot) << 2));
    while (head != 0 && load<u32>(indices + ((<usize>(head - 1)) << 2)) != row) {
      slot = (slot + 1) & mask;
      head = load<i32>(heads + ((<usize>slot) << 2));
    }
    if (head == 0) {
      store<i32>(used + ((<usize>count) << 2), slot);
      count++;
    }
    store<i32>(next + ((<usize>token) << 2), head);
    store<i32>(heads + ((<usize>slot) << 2), token + 1);
  }
  for (let start = 0; start < count; start += PREFETCHED) {
    const end = min(start + PREFETCHED, count);
    for (let i = start; i < end; i++) {
      const slot = <usize>load<u32>(used + ((<usize>i) << 2));
      const first = load<i32>(heads + (slot << 2)) - 1;
      const row = <usize>load<u32>(indices + ((<usize>first) << 2));
      prefetch(table + row * bytes, bytes);
      prefetch(squares + (row << 2), 4);
    }
    for (let i = start; i < end; i++) {
      const slot = <usize>load<u32>(used + ((<usize>i) << 2));
      const token = load<i32>(heads + (slot << 2)) - 1;
      const row = <usize>load<u32>(indices + ((<usize>token) << 2));
      const g = rowGradient(gradient, token, next, sum, width);
      const square = squares + (row << 2);
      const total = load<f32>(square) + sumOfSquaresByTwo(g, width) / <f32>width;
      store<f32>(square, total);
      addScaled(table + row * bytes, g, -load<f32>(learningRate) / (sqrt<f32>(total) + epsilon), width);
    }
  }
}

/** The sum of the gradients of the row whose first token is `token`: where it is, if there is one alone, or in `sum`. */
function rowGradient(gradient: usize, token: i32, next: usize, sum: usize, width: i32): usize {
  const bytes = <usize>width << 2;
  const first = gradient + <usize>token * bytes;
  let following = load<i32>(next + ((<usize>token) << 2));
  if (following == 0) return first;
  memory.copy(sum, first, bytes);
  do {
    addScaled(sum, gradient + <usize>(following - 1) * bytes, 1, width);
    following = load<i32>(next + ((<usize>(following - 1)) << 2));
  } while (following != 0);
  return sum;
}
