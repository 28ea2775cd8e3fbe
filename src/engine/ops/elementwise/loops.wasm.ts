// Loops that make kernels of functions of vectors, of whose elements each is treated alike. Such a function, exported
// from an operation's folder, is all that is written for its kernel: F is a class that the build makes of it, with
// one method `apply` (scripts/kernel-signatures.ts).

import { firstUnit, int, storePart, Words } from '../shared/kernel.wasm';

/** F of up to three operands. It is inlined: no object is there. */
@inline
function apply<F>(p: v128, q: v128, r: v128): v128 {
  return changetype<F>(<usize>0).apply(p, q, r);
}

/** y = F(x) of n elements. */
@inline
export function map<F>(thread: i32, threads: i32, x: usize, y: usize, n: i32): void {
  const from = firstUnit(n, 16, thread, threads);
  const at = <usize>from << 2;
  span<F>(1, 0, x + at, x, y + at, firstUnit(n, 16, thread + 1, threads) - from, f32x4.splat(0));
}

/** dx = F(x, dy) of n elements. Two vectors at a time: four of GELU's gradient take 15 % longer. */
@inline
export function mapGradient<F>(thread: i32, threads: i32, x: usize, dy: usize, dx: usize, n: i32): void {
  const zero = f32x4.splat(0);
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  for (; i <= end - 8; i += 8) {
    const at = <usize>i << 2;
    const r0 = apply<F>(v128.load(x + at), v128.load(dy + at), zero);
    const r1 = apply<F>(v128.load(x + at, 16), v128.load(dy + at, 16), zero);
    v128.store(dx + at, r0);
    v128.store(dx + at, r1, 16);
  }
  for (; i < end; i += 4) {
    const at = <usize>i << 2;
    storePart(dx + at, apply<F>(v128.load(x + at), v128.load(dy + at), zero), end - i);
  }
}

/** y = F(a, b), where a and b of any strides are read through four loops and y is row-major. */
@inline
export function combine<F>(
  thread: i32, threads: i32, a: usize, b: usize, y: usize, extents: Words, stridesA: Words, stridesB: Words,
): void {
  combineWith<F>(thread, threads, a, b, y, extents, stridesA, stridesB, 0);
}

/** y = F(a, b, value), with the same value for all elements. */
@inline
export function combineWith<F>(
  thread: i32, threads: i32, a: usize, b: usize, y: usize, extents: Words, stridesA: Words, stridesB: Words,
  value: f32,
): void {
  const e1 = int(extents, 1);
  const e2 = int(extents, 2);
  const e3 = int(extents, 3);
  const stepA = int(stridesA, 3);
  const stepB = int(stridesB, 3);
  const third = f32x4.splat(value);
  const n = int(extents, 0) * e1 * e2 * e3;
  for (let i = firstUnit(n, 16, thread, threads), end = firstUnit(n, 16, thread + 1, threads); i < end; ) {
    const row = i / e3;
    const i3 = i % e3;
    const i2 = row % e2;
    const i1 = (row / e2) % e1;
    const i0 = row / (e1 * e2);
    const p = a + (<usize>(i0 * int(stridesA, 0) + i1 * int(stridesA, 1) + i2 * int(stridesA, 2) + i3 * stepA) << 2);
    const q = b + (<usize>(i0 * int(stridesB, 0) + i1 * int(stridesB, 1) + i2 * int(stridesB, 2) + i3 * stepB) << 2);
    const to = y + (<usize>i << 2);
    const count = min(e3 - i3, end - i);
    if (stepA == 1 && stepB == 1) span<F>(1, 1, p, q, to, count, third);
    else if (stepA == 1 && stepB == 0) span<F>(1, 0, p, q, to, count, third);
    else if (stepA == 0 && stepB == 1) span<F>(0, 1, p, q, to, count, third);
    else stridedSpan<F>(stepA, stepB, p, q, to, count, third);
    i += count;
  }
}

/** n neighbouring results from operands that are neighbours too (step 1) or one repeated value (step 0). */
@inline
function span<F>(stepA: i32, stepB: i32, p: usize, q: usize, to: usize, n: i32, value: v128): void {
  const a = v128.load32_splat(p);
  const b = v128.load32_splat(q);
  let i = 0;
  for (; i <= n - 16; i += 16) {
    const at = <usize>i << 2;
    const r0 = apply<F>(stepA ? v128.load(p + at) : a, stepB ? v128.load(q + at) : b, value);
    const r1 = apply<F>(stepA ? v128.load(p + at, 16) : a, stepB ? v128.load(q + at, 16) : b, value);
    const r2 = apply<F>(stepA ? v128.load(p + at, 32) : a, stepB ? v128.load(q + at, 32) : b, value);
    const r3 = apply<F>(stepA ? v128.load(p + at, 48) : a, stepB ? v128.load(q + at, 48) : b, value);
    v128.store(to + at, r0);
    v128.store(to + at, r1, 16);
    v128.store(to + at, r2, 32);
    v128.store(to + at, r3, 48);
  }
  for (; i < n; i += 4) {
    const at = <usize>i << 2;
    const r = apply<F>(stepA ? v128.load(p + at) : a, stepB ? v128.load(q + at) : b, value);
    storePart(to + at, r, n - i);
  }
}

/** n neighbouring results from operands that lie any number of elements apart. */
function stridedSpan<F>(stepA: i32, stepB: i32, p: usize, q: usize, to: usize, n: i32, value: v128): void {
  for (let i = 0; i < n; i++, p += <usize>stepA << 2, q += <usize>stepB << 2, to += 4) {
    v128.store32_lane(to, apply<F>(v128.load32_splat(p), v128.load32_splat(q), value), 0);
  }
}
