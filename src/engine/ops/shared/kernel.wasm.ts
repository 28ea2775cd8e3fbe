// What every kernel shares. A kernel is an exported function of a thread, the number of threads, and arguments that the
// tape carries: its parameter list is their only declaration (scripts/kernel-signatures.ts). The work is split so that
// each output is computed by one thread in a fixed order, which makes results independent of the number of threads.
// That is why work can be cut into more pieces than there are threads: a kernel is told as many threads as pieces, and
// which of them it is to be, while another may really do it (devices/cpu/tape.wasm.ts).
//
// Functions are marked @inline where the compiler would not do so by itself.

/** Type of a parameter that points at a list of words, which the tape carries too. */
export type Words = usize;

/** Type of a parameter that points at scratch memory of the calling thread's own. */
export type PerThread = usize;

/** Word i of a list as an integer. */
export function int(list: Words, i: i32): i32 {
  return load<i32>(list + ((<usize>i) << 2));
}

/** Word i of a list as an address. */
export function address(list: Words, i: i32): usize {
  return <usize>load<u32>(list + ((<usize>i) << 2));
}

/** First of the items in `0 … n` that belong to `thread`; the last is `first(n, thread + 1, threads)`. */
@inline
export function first(n: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>n * thread) / threads);
}

/** The same in units of `unit` items, so that threads do not share a vector or a cache line. */
export function firstUnit(n: i32, unit: i32, thread: i32, threads: i32): i32 {
  return min(n, first((n + unit - 1) / unit, thread, threads) * unit);
}

/** How many items three nested loops have. */
export function itemsOf(extents: Words): i32 {
  return int(extents, 0) * int(extents, 1) * int(extents, 2);
}

/** Where in a view item i of three nested loops begins, over which the view moves by strides of its own. */
@inline
export function itemAt(view: usize, i: i32, extents: Words, strides: Words): usize {
  const e1 = int(extents, 1);
  const e2 = int(extents, 2);
  const i2 = i % e2;
  const i1 = (i / e2) % e1;
  const i0 = i / (e1 * e2);
  return view + (<usize>(i0 * int(strides, 0) + i1 * int(strides, 1) + i2 * int(strides, 2)) << 2);
}

/** a · b + c in four lanes; fused where the engine has relaxed SIMD, else see devices/cpu/unfuse.ts. */
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/** c − a · b in four lanes. */
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_nmadd(a, b, c);
}

/** Sum of the four lanes. */
export function sum4(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** The sums of the lanes of four vectors, side by side: (0 + 1) + (2 + 3). */
@inline
export function sumLanes(v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  const low01 = v128.shuffle<i32>(v0, v1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(v0, v1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(v2, v3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(v2, v3, 2, 6, 3, 7);
  return f32x4.add(
    f32x4.add(v128.shuffle<i64>(low01, low23, 0, 2), v128.shuffle<i64>(low01, low23, 1, 3)),
    f32x4.add(v128.shuffle<i64>(high01, high23, 0, 2), v128.shuffle<i64>(high01, high23, 1, 3)),
  );
}

/** Largest of the four lanes. */
export function max4(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Loads `n` (1 to 4) floats, the remaining lanes zero. */
export function loadPart(p: usize, n: i32): v128 {
  if (n >= 4) return v128.load(p);
  let v = v128.load32_zero(p);
  if (n > 1) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  if (n > 2) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  return v;
}

/** Stores the first `n` (1 to 4) lanes. */
export function storePart(p: usize, v: v128, n: i32): void {
  if (n >= 4) {
    v128.store(p, v);
    return;
  }
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (n > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (n > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}

/** All bits of the first `n` lanes. */
export function lanes(n: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n));
}

/** How many rows, scattered over a large table, a kernel asks for before it works on the first: see `prefetch`. */
export const PREFETCHED: i32 = 16;

/**
 * Reads from every cache line of a row. A processor looks only a few hundred instructions ahead: rows that it
 * meets one after another, at work on each, come from main memory one by one; asked for first, they come together.
 */
export function prefetch(row: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 64) load<u32>(row + i);
}

/** sum + x, or sum + x² if `squared`. */
function include(sum: v128, x: v128, squared: bool): v128 {
  return squared ? madd(x, x, sum) : f32x4.add(sum, x);
}

/** Σ (x − mean) of n floats, or of the squares if `squared`; `four` sums beside each other, or two. */
@inline
function total(x: usize, n: i32, squared: bool, centred: bool, mean: f32, four: bool = true): f32 {
  const m = f32x4.splat(mean);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  const step = four ? 16 : 8;
  let i = 0;
  for (; i + step <= n; i += step, x += <usize>step << 2) {
    const p = v128.load(x);
    const q = v128.load(x, 16);
    a = include(a, centred ? f32x4.sub(p, m) : p, squared);
    b = include(b, centred ? f32x4.sub(q, m) : q, squared);
    if (!four) continue;
    const r = v128.load(x, 32);
    const s = v128.load(x, 48);
    c = include(c, centred ? f32x4.sub(r, m) : r, squared);
    d = include(d, centred ? f32x4.sub(s, m) : s, squared);
  }
  for (; i < n; i += 4, x += 16) {
    const p = centred ? f32x4.sub(v128.load(x), m) : v128.load(x);
    a = include(a, v128.and(p, lanes(n - i)), squared);
  }
  return sum4(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Σ x of n floats. */
export function sumOf(x: usize, n: i32): f32 {
  return total(x, n, false, false, 0);
}

/** Σ x² of n floats. */
@inline
export function sumOfSquares(x: usize, n: i32): f32 {
  return total(x, n, true, false, 0);
}

/** The same in two sums beside each other, not four: another order, and other last digits. */
export function sumOfSquaresByTwo(x: usize, n: i32): f32 {
  return total(x, n, true, false, 0, false);
}

/** Σ (x − mean)² of n floats. */
export function sumOfDeviations(x: usize, n: i32, mean: f32): f32 {
  return total(x, n, true, true, mean);
}

/** y += factor · x, of n floats. */
export function addScaled(y: usize, x: usize, factor: f32, n: i32): void {
  const f = f32x4.splat(factor);
  for (; n >= 8; n -= 8, y += 32, x += 32) {
    const a = madd(f, v128.load(x), v128.load(y));
    const b = madd(f, v128.load(x, 16), v128.load(y, 16));
    v128.store(y, a);
    v128.store(y, b, 16);
  }
  for (; n > 0; n -= 4, y += 16, x += 16) storePart(y, madd(f, v128.load(x), v128.load(y)), n);
}

/** y = factor · x, of n floats. */
@inline
export function scaleRow(x: usize, y: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, f32x4.mul(v128.load(x), f));
  if (n > 0) storePart(y, f32x4.mul(v128.load(x), f), n);
}

/** The same value in n neighbouring elements. */
export function fill(y: usize, n: i32, value: v128): void {
  for (; n >= 4; n -= 4, y += 16) v128.store(y, value);
  if (n > 0) storePart(y, value, n);
}

/** The largest of n floats; NaN if one of them is. (`pmax` is far quicker than `max`, but passes over NaN.) */
export function largestOf(x: usize, n: i32): f32 {
  let a = f32x4.splat(-Infinity);
  let b = a;
  let nan = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8, x += 32) {
    const p = v128.load(x);
    const q = v128.load(x, 16);
    nan = v128.or(nan, v128.or(f32x4.ne(p, p), f32x4.ne(q, q)));
    a = f32x4.pmax(a, p);
    b = f32x4.pmax(b, q);
  }
  for (; i < n; i += 4, x += 16) {
    const p = v128.bitselect(v128.load(x), a, lanes(n - i));
    nan = v128.or(nan, f32x4.ne(p, p));
    a = f32x4.pmax(a, p);
  }
  return v128.any_true(nan) ? f32.NaN : max4(f32x4.pmax(a, b));
}
