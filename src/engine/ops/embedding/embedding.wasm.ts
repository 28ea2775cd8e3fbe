import { addScaled, fill, first, firstUnit, PREFETCHED, prefetch, storePart } from '../shared/kernel.wasm';

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
