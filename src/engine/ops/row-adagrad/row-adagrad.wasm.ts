import { addScaled, lanes, madd, PerThread, PREFETCHED, prefetch, sum4 } from '../shared/kernel.wasm';

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
      const total = load<f32>(square) + sumOfSquares(g, width) / <f32>width;
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

/** In two vectors where the shared one takes four: another order, and other last digits. */
function sumOfSquares(g: usize, n: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8, g += 32) {
    const x = v128.load(g);
    const y = v128.load(g, 16);
    a = madd(x, x, a);
    b = madd(y, y, b);
  }
  for (; i < n; i += 4, g += 16) {
    const x = v128.and(v128.load(g), lanes(n - i));
    a = madd(x, x, a);
  }
  return sum4(f32x4.add(a, b));
}
