// Functions of one operand and their gradients. Kernels of functions: x, y, n; of gradients: x, dy, dx, n

import { address, firstUnit, int, storePart } from '../shared/kernel.wasm';
import { exp4, log4, tanh4 } from '../shared/math.wasm';

const NEG: i32 = 0;
const EXP: i32 = 1;
const LOG: i32 = 2;
const SQRT: i32 = 3;
const TANH: i32 = 4;
const RELU: i32 = 5;
const SQUARE: i32 = 6;
const RELU_SQUARED: i32 = 7;
const SIGMOID: i32 = 8;

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
  if (kind == RELU_SQUARED) {
    const y = f32x4.pmax(x, f32x4.splat(0)); // NaN stays
    return f32x4.mul(y, y);
  }
  if (kind == SIGMOID) return sigmoid4(x);
  return f32x4.mul(x, x);
}

/** 1 / (1 + e⁻ˣ), from e to the power of −|x|, which cannot overflow; NaN of NaN. */
// @ts-ignore: decorator
@inline
function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const y = f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
  return v128.bitselect(y, x, f32x4.eq(x, x));
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
  for (; i <= end - 16; i += 16) {
    const at = <usize>i << 2;
    const r0 = apply4(kind, v128.load(x + at));
    const r1 = apply4(kind, v128.load(x + at, 16));
    const r2 = apply4(kind, v128.load(x + at, 32));
    const r3 = apply4(kind, v128.load(x + at, 48));
    v128.store(y + at, r0);
    v128.store(y + at, r1, 16);
    v128.store(y + at, r2, 32);
    v128.store(y + at, r3, 48);
  }
  for (; i < end; i += 4) {
    const at = <usize>i << 2;
    storePart(y + at, apply4(kind, v128.load(x + at)), end - i);
  }
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

export function rectifySquared(args: usize, thread: i32, threads: i32): void {
  pointwise(RELU_SQUARED, args, thread, threads);
}

export function logistic(args: usize, thread: i32, threads: i32): void {
  pointwise(SIGMOID, args, thread, threads);
}

/** dx from x and dy; `kind` as in `apply4`. */
// @ts-ignore: decorator
@inline
function gradient4(kind: i32, x: v128, dy: v128): v128 {
  const zero = f32x4.splat(0);
  if (kind == RELU) return v128.and(dy, f32x4.gt(x, zero));
  const y = f32x4.pmax(x, zero);
  return f32x4.mul(f32x4.add(y, y), dy) /* RELU_SQUARED */;
}

/** x, dy, dx, n */
// @ts-ignore: decorator
@inline
function pointwiseGradient(kind: i32, args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const dy = address(args, 1);
  const dx = address(args, 2);
  const n = int(args, 3);
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  for (; i <= end - 16; i += 16) {
    const at = <usize>i << 2;
    const r0 = gradient4(kind, v128.load(x + at), v128.load(dy + at));
    const r1 = gradient4(kind, v128.load(x + at, 16), v128.load(dy + at, 16));
    const r2 = gradient4(kind, v128.load(x + at, 32), v128.load(dy + at, 32));
    const r3 = gradient4(kind, v128.load(x + at, 48), v128.load(dy + at, 48));
    v128.store(dx + at, r0);
    v128.store(dx + at, r1, 16);
    v128.store(dx + at, r2, 32);
    v128.store(dx + at, r3, 48);
  }
  for (; i < end; i += 4) {
    const at = <usize>i << 2;
    storePart(dx + at, gradient4(kind, v128.load(x + at), v128.load(dy + at)), end - i);
  }
}

export function rectifyGradient(args: usize, thread: i32, threads: i32): void {
  pointwiseGradient(RELU, args, thread, threads);
}

export function rectifySquaredGradient(args: usize, thread: i32, threads: i32): void {
  pointwiseGradient(RELU_SQUARED, args, thread, threads);
}
