// Functions of vectors, each a kernel: see loops.wasm.ts.

import { madd } from '../shared/kernel.wasm';
import { exp4, geluSlope4, log4, phi4, tanh4 } from '../shared/math.wasm';

export function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

export function addIntegers(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

export function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}

export function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

export function mulIntegers(a: v128, b: v128): v128 {
  return i32x4.mul(a, b);
}

export function div(a: v128, b: v128): v128 {
  return f32x4.div(a, b);
}

export function neg(x: v128): v128 {
  return f32x4.neg(x);
}

/** exp4 over the whole range: ∞ where a float overflows, NaN of NaN. */
@inline
export function exp(x: v128): v128 {
  // eˣ = √e · e^(x − ½), so that exp4 does not reach its limit before the product overflows
  const large = f32x4.gt(x, f32x4.splat(88));
  const y = exp4(f32x4.sub(x, v128.and(large, f32x4.splat(0.5))));
  const scaled = v128.bitselect(f32x4.mul(y, f32x4.splat(1.6487212707001282)), y, large);
  return v128.bitselect(scaled, x, f32x4.eq(x, x));
}

@inline
export function log(x: v128): v128 {
  return log4(x);
}

export function sqrt(x: v128): v128 {
  return f32x4.sqrt(x);
}

@inline
export function tanh(x: v128): v128 {
  return tanh4(x);
}

export function relu(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0)); // NaN stays
}

export function reluGradient(x: v128, dy: v128): v128 {
  return v128.and(dy, f32x4.gt(x, f32x4.splat(0)));
}

export function reluSquared(x: v128): v128 {
  const y = relu(x);
  return f32x4.mul(y, y);
}

export function reluSquaredGradient(x: v128, dy: v128): v128 {
  const y = relu(x);
  return f32x4.mul(f32x4.add(y, y), dy);
}

@inline
export function gelu(x: v128): v128 {
  return f32x4.mul(x, phi4(x));
}

@inline
export function geluGradient(x: v128, dy: v128): v128 {
  return f32x4.mul(dy, geluSlope4(x));
}

/** Where GELU by tanh has long become x or 0, and x³ does not overflow yet; NaN stays. */
@inline
function bounded(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(100)), f32x4.splat(-100));
}

/** 2u = √(8/π) · (x + 0.044715 x³): GELU by tanh is x · σ(2u), since (1 + tanh u) / 2 = σ(2u). */
@inline
function gate(x: v128): v128 {
  const cubic = madd(f32x4.mul(x, x), f32x4.splat(0.07135481627260025), f32x4.splat(1.5957691216057308));
  return f32x4.mul(x, cubic);
}

@inline
export function geluTanh(x: v128): v128 {
  return f32x4.mul(x, sigmoid(gate(bounded(x))));
}

/** dy · (σ + x · σ′ · 2u′), σ′ = e / (1 + e)² of e = e^(−|2u|) */
@inline
export function geluTanhGradient(x: v128, dy: v128): v128 {
  const one = f32x4.splat(1);
  const z = bounded(x);
  const e = exp4(f32x4.neg(f32x4.abs(gate(z))));
  const r = f32x4.div(one, f32x4.add(one, e));
  const er = f32x4.mul(e, r);
  const s = v128.bitselect(er, r, f32x4.lt(z, f32x4.splat(0)));
  const slope = madd(f32x4.mul(z, z), f32x4.splat(0.21406444881780076), f32x4.splat(1.5957691216057308));
  const y = madd(f32x4.mul(f32x4.mul(z, slope), er), r, s);
  return f32x4.mul(dy, v128.bitselect(y, x, f32x4.eq(x, x)));
}

/** 1 / (1 + e⁻ˣ), from e to the power of −|x|, which cannot overflow; NaN of NaN. */
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const y = f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
  return v128.bitselect(y, x, f32x4.eq(x, x));
}

export function square(x: v128): v128 {
  return f32x4.mul(x, x);
}

/** `value` where b is not zero, a elsewhere. */
export function maskedFill(a: v128, b: v128, value: v128): v128 {
  return v128.bitselect(a, value, i32x4.eq(b, i32x4.splat(0)));
}
