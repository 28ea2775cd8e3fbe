// Functions of one operand. Kernels: x, y, n

import { address, firstUnit, int, storePart } from '../kernel.wasm';
import { exp4, log4, tanh4 } from '../math.wasm';

const NEG: i32 = 0;
const EXP: i32 = 1;
const LOG: i32 = 2;
const SQRT: i32 = 3;
const TANH: i32 = 4;
const RELU: i32 = 5;
const SQUARE: i32 = 6;

/** `kind` is a constant wherever this is used, so that one function is left of it. */
// @ts-ignore: decorator
@inline
function apply4(kind: i32, x: v128): v128 {
  if (kind == NEG) return f32x4.neg(x);
  if (kind == EXP) return expFull4(x);
  if (kind == LOG) return log4(x);
  if (kind == SQRT) return f32x4.sqrt(x);
  if (kind == TANH) return tanh4(x);
  if (kind == RELU) return f32x4.pmax(x, f32x4.splat(0)) /* NaN stays */;
  return f32x4.mul(x, x);
}

/** exp4 over the whole range: ∞ where a float overflows, NaN of NaN. */
// @ts-ignore: decorator
@inline
function expFull4(x: v128): v128 {
  // eˣ = √e · e^(x − ½), so that exp4 does not reach its limit before the product overflows
  const large = f32x4.gt(x, f32x4.splat(88));
  const y = exp4(f32x4.sub(x, v128.and(large, f32x4.splat(0.5))));
  const scaled = v128.bitselect(f32x4.mul(y, f32x4.splat(1.6487212707001282)), y, large);
  return v128.bitselect(scaled, x, f32x4.eq(x, x));
}

// @ts-ignore: decorator
@inline
function pointwise(kind: i32, args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const n = int(args, 2);
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  for (; i <= end - 4; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, apply4(kind, v128.load(x + at)));
  }
  if (i < end) storePart(y + (<usize>i << 2), apply4(kind, v128.load(x + (<usize>i << 2))), end - i);
}

export function negate(args: usize, thread: i32, threads: i32): void {
  pointwise(NEG, args, thread, threads);
}

export function exponential(args: usize, thread: i32, threads: i32): void {
  pointwise(EXP, args, thread, threads);
}

export function logarithm(args: usize, thread: i32, threads: i32): void {
  pointwise(LOG, args, thread, threads);
}

export function squareRoot(args: usize, thread: i32, threads: i32): void {
  pointwise(SQRT, args, thread, threads);
}

export function hyperbolicTangent(args: usize, thread: i32, threads: i32): void {
  pointwise(TANH, args, thread, threads);
}

export function rectify(args: usize, thread: i32, threads: i32): void {
  pointwise(RELU, args, thread, threads);
}

export function squared(args: usize, thread: i32, threads: i32): void {
  pointwise(SQUARE, args, thread, threads);
}

/** x, dy, dx, n:  dx = dy where x > 0, else 0 */
export function rectifyGradient(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const dy = address(args, 1);
  const dx = address(args, 2);
  const n = int(args, 3);
  const zero = f32x4.splat(0);
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  for (; i <= end - 4; i += 4) {
    const at = <usize>i << 2;
    v128.store(dx + at, v128.and(v128.load(dy + at), f32x4.gt(v128.load(x + at), zero)));
  }
  if (i < end) {
    const at = <usize>i << 2;
    storePart(dx + at, v128.and(v128.load(dy + at), f32x4.gt(v128.load(x + at), zero)), end - i);
  }
}
