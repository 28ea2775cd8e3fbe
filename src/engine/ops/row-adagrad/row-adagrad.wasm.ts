import { address, float, int, lanes, madd, nmadd, PREFETCHED, prefetch, storePart, sum4 } from '../shared/kernel.wasm';

/**
 * table, squares, gradient, indices, learningRate, epsilon, tokens, rows, width, slotBits, scratch, bytes of
 * scratch per thread. A row is updated by one thread, which its hash decides, and from its tokens in order.
 */
export function rowAdaGrad(args: usize, thread: i32, threads: i32): void {
  const indices = address(args, 3);
  const tokens = int(args, 6);
  const rows = <u32>int(args, 7);
  const bytes = (<usize>int(args, 8)) << 2;
  const slotBits = int(args, 9);
  const mask = (1 << slotBits) - 1;
  // Scratch: an open-addressing table from rows to their first token + 1 (0 where free), for each token the
  // next one of its row + 1 (0 at the end), the slots in use, and the sum of a row's gradients.
  const heads = address(args, 10) + <usize>thread * int(args, 11);
  const next = heads + ((<usize>1) << (slotBits + 2));
  const used = next + ((<usize>tokens) << 2);
  const sum = used + ((<usize>tokens) << 2);
  memory.fill(heads, 0, next - heads);
  let count = 0;
  // From the last token to the first, each becomes the head of its row's chain, which thus ascends.
  for (let token = tokens - 1; token >= 0; token--) {
    const row = load<u32>(indices + ((<usize>token) << 2));
    if (row >= rows) continue;
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
      prefetch(address(args, 0) + row * bytes, bytes);
      prefetch(address(args, 1) + (row << 2), 4);
    }
    for (let i = start; i < end; i++) {
      const slot = <usize>load<u32>(used + ((<usize>i) << 2));
      update(args, load<i32>(heads + (slot << 2)) - 1, next, sum);
    }
  }
}

/** Updates the row whose first token is `token`. */
function update(args: usize, token: i32, next: usize, sum: usize): void {
  const gradient = address(args, 2);
  const row = <usize>load<u32>(address(args, 3) + ((<usize>token) << 2));
  const width = int(args, 8);
  const bytes = (<usize>width) << 2;
  let g = gradient + <usize>token * bytes;
  let following = load<i32>(next + ((<usize>token) << 2));
  if (following != 0) {
    memory.copy(sum, g, bytes);
    g = sum;
    do {
      accumulate(sum, gradient + <usize>(following - 1) * bytes, width);
      following = load<i32>(next + ((<usize>(following - 1)) << 2));
    } while (following != 0);
  }
  const square = address(args, 1) + (row << 2);
  const total = load<f32>(square) + sumOfSquares(g, width) / <f32>width;
  store<f32>(square, total);
  const rate = load<f32>(address(args, 4)) / (sqrt<f32>(total) + float(args, 5));
  descend(address(args, 0) + row * bytes, g, rate, width);
}

/** sum += from */
function accumulate(sum: usize, from: usize, n: i32): void {
  // Up to 7 floats behind the row go along: scratch has room for them.
  for (let i = 0; i < n; i += 8) {
    const a = f32x4.add(v128.load(sum), v128.load(from));
    const b = f32x4.add(v128.load(sum, 16), v128.load(from, 16));
    v128.store(sum, a);
    v128.store(sum, b, 16);
    sum += 32;
    from += 32;
  }
}

function sumOfSquares(g: usize, n: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const x = v128.load(g);
    const y = v128.load(g, 16);
    a = madd(x, x, a);
    b = madd(y, y, b);
    g += 32;
  }
  for (; i < n; i += 4) {
    const x = v128.and(v128.load(g), lanes(n - i));
    a = madd(x, x, a);
    g += 16;
  }
  return sum4(f32x4.add(a, b));
}

/** x −= rate · g */
function descend(x: usize, g: usize, rate: f32, n: i32): void {
  const step = f32x4.splat(rate);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const a = nmadd(step, v128.load(g), v128.load(x));
    const b = nmadd(step, v128.load(g, 16), v128.load(x, 16));
    v128.store(x, a);
    v128.store(x, b, 16);
    x += 32;
    g += 32;
  }
  for (; i < n; i += 4) {
    storePart(x, nmadd(step, v128.load(g), v128.load(x)), n - i);
    x += 16;
    g += 16;
  }
}
