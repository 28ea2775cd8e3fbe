// Functions of two operands, element by element. Operands are read with any strides, through four loops;
// the result is row-major.

import { address, firstUnit, int, storePart } from './kernel.wasm';

export const ADD: i32 = 0;
export const ADD_INT: i32 = 1;
export const SUB: i32 = 2;
export const MUL: i32 = 3;
export const DIV: i32 = 4;
/** `value` where b is not zero, a elsewhere. */
export const FILL: i32 = 5;
export const MUL_INT: i32 = 6;

/** `kind` is a constant wherever this is used, so that one instruction is left of it. */
// @ts-ignore: decorator
@inline
function combine4(kind: i32, a: v128, b: v128, value: v128): v128 {
  if (kind == ADD) return f32x4.add(a, b);
  if (kind == ADD_INT) return i32x4.add(a, b);
  if (kind == SUB) return f32x4.sub(a, b);
  if (kind == MUL) return f32x4.mul(a, b);
  if (kind == MUL_INT) return i32x4.mul(a, b);
  if (kind == DIV) return f32x4.div(a, b);
  return v128.bitselect(a, value, i32x4.eq(b, i32x4.splat(0)));
}

/** a, b, y, extents e0…e3, strides of a, strides of b, value */
// @ts-ignore: decorator
@inline
export function elementwise(kind: i32, args: usize, thread: i32, threads: i32): void {
  const a = address(args, 0);
  const b = address(args, 1);
  const y = address(args, 2);
  const e1 = int(args, 4);
  const e2 = int(args, 5);
  const e3 = int(args, 6);
  const stepA = int(args, 10);
  const stepB = int(args, 14);
  const value = v128.load32_splat(args + 60);
  const n = int(args, 3) * e1 * e2 * e3;
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let i = firstUnit(n, 16, thread, threads); i < end; ) {
    const row = i / e3;
    const i3 = i % e3;
    const i2 = row % e2;
    const i1 = (row / e2) % e1;
    const i0 = row / (e1 * e2);
    const p = a + (<usize>(i0 * int(args, 7) + i1 * int(args, 8) + i2 * int(args, 9) + i3 * stepA) << 2);
    const q = b + (<usize>(i0 * int(args, 11) + i1 * int(args, 12) + i2 * int(args, 13) + i3 * stepB) << 2);
    const to = y + (<usize>i << 2);
    const count = min(e3 - i3, end - i);
    if (stepA == 1 && stepB == 1) span(kind, 1, 1, p, q, to, count, value);
    else if (stepA == 1 && stepB == 0) span(kind, 1, 0, p, q, to, count, value);
    else if (stepA == 0 && stepB == 1) span(kind, 0, 1, p, q, to, count, value);
    else stridedSpan(kind, stepA, stepB, p, q, to, count, value);
    i += count;
  }
}

/** n neighbouring results from operands that are neighbours too (step 1) or one repeated value (step 0). */
// @ts-ignore: decorator
@inline
function span(kind: i32, stepA: i32, stepB: i32, p: usize, q: usize, to: usize, n: i32, value: v128): void {
  const a = v128.load32_splat(p);
  const b = v128.load32_splat(q);
  let i = 0;
  for (; i <= n - 16; i += 16) {
    const at = <usize>i << 2;
    const r0 = combine4(kind, stepA ? v128.load(p + at) : a, stepB ? v128.load(q + at) : b, value);
    const r1 = combine4(kind, stepA ? v128.load(p + at, 16) : a, stepB ? v128.load(q + at, 16) : b, value);
    const r2 = combine4(kind, stepA ? v128.load(p + at, 32) : a, stepB ? v128.load(q + at, 32) : b, value);
    const r3 = combine4(kind, stepA ? v128.load(p + at, 48) : a, stepB ? v128.load(q + at, 48) : b, value);
    v128.store(to + at, r0);
    v128.store(to + at, r1, 16);
    v128.store(to + at, r2, 32);
    v128.store(to + at, r3, 48);
  }
  for (; i < n; i += 4) {
    const at = <usize>i << 2;
    const r = combine4(kind, stepA ? v128.load(p + at) : a, stepB ? v128.load(q + at) : b, value);
    storePart(to + at, r, n - i);
  }
}

/** n neighbouring results from operands that lie any number of elements apart. */
// @ts-ignore: decorator
@inline
function stridedSpan(kind: i32, stepA: i32, stepB: i32, p: usize, q: usize, to: usize, n: i32, value: v128): void {
  for (let i = 0; i < n; i++) {
    v128.store32_lane(to, combine4(kind, v128.load32_splat(p), v128.load32_splat(q), value), 0);
    p += <usize>stepA << 2;
    q += <usize>stepB << 2;
    to += 4;
  }
}
