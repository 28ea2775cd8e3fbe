// Elementary functions in four lanes. Polynomials were fitted for this file (Remez / iteratively
// reweighted least squares in extended precision); the stated errors include rounding in f32.
// pmin(x, …) and pmax(x, …) keep NaN as min and max do, but are one instruction instead of eight.

import { madd, nmadd } from './kernel.wasm';

// Constants are read from tables in memory: engines load and broadcast a number in one instruction, but need
// several for one that is written in the code, and repeat them in each turn of a loop.

const EXP = memory.data<f32>([
  -87.33, 88.37, // the range
  12582912, 1.4426950408889634, // 1.5 · 2^23, 1 / ln 2
  0.693145751953125, 1.4286068203094172e-6, // ln 2 in two parts
  0.0013926181810489343, 0.008363177629994445, 0.041666554627878084, 0.16666576998242924, 0.5, 1,
]);
const ERF = memory.data<f32>([
  3.92, -3.92, // the range
  2.050074726867024e-6, 0.0002848855219781399, 0.003765719709917903, 0.052749037742614746, 0.19040879607200623,
  1.1283791065216064, // P
  3.809173358604312e-5, 0.0011625614715740085, 0.014969419687986374, 0.1141100823879242, 0.502078115940094, 1, // Q
]);
const SLOPE = memory.data<f32>([
  6, -0.5, 1, 0.325, // the range; of the exponent; of k
  0.046044763177633286, -0.2321983426809311, 0.3713710606098175, -0.12820054590702057, 0.1995508372783661,
  0.11225429177284241, 0.13117793202400208, // P
  -0.3989422804014327, // −1 / √2π
]);
const PHI = memory.data<f32>([0.5, 0.7071067811865476]);
const LOG = memory.data<f32>([
  1.1754943508222875e-38, 8388608, // 2^−126, 2^23
  1,
  0.29870936274528503, 0.39977574348449707, 0.6666677594184875, // P
  -2.1219444e-4, 0.693359375, // ln 2 in two parts
  0,
]);
const TANH = memory.data<f32>([
  9, -9, // the range
  1.331910496462808e-8, 2.058350707652453e-5, 0.0034940362120611636, 0.13379719359737072, 0.9999999790240953, // P
  7.762033547695363e-7, 0.0003283095483043479, 0.025871079571964637, 0.4671303460213377, 1, // Q
  -1,
]);

/** Entry i of a table, in all lanes. */
function constant(table: usize, i: usize): v128 {
  return v128.load32_splat(table + (i << 2));
}

/** Four steps of Horner's rule: p · t⁴ and the polynomial of degree 3 whose coefficients begin at entry i. */
@inline
function horner4(p: v128, t: v128, table: usize, i: usize): v128 {
  p = madd(p, t, constant(table, i));
  p = madd(p, t, constant(table, i + 1));
  p = madd(p, t, constant(table, i + 2));
  return madd(p, t, constant(table, i + 3));
}

/** eˣ to 2 ulp; 0 below −87.33 and of NaN, e^88.37 from there on. */
@inline
export function exp4(x: v128): v128 {
  const inRange = f32x4.gt(x, constant(EXP, 0));
  const c = f32x4.pmin(x, constant(EXP, 1));
  // x = n · ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two parts, so that n · ln 2 is exact.
  // Near 1.5 · 2^23 floats are integers: adding it rounds, and leaves n in the lowest bits.
  const magic = constant(EXP, 2);
  const shifted = madd(c, constant(EXP, 3), magic);
  const n = f32x4.sub(shifted, magic);
  let r = nmadd(n, constant(EXP, 4), c);
  r = nmadd(n, constant(EXP, 5), r);
  let p = horner4(constant(EXP, 6), r, EXP, 7);
  p = madd(f32x4.mul(p, r), r, f32x4.add(r, constant(EXP, 11)));
  const power = i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(p, power), inRange);
}

/** The error function to 4e-7 absolute: z · P(z²) / Q(z²), constant beyond ±3.92. */
@inline
export function erf4(x: v128): v128 {
  const z = f32x4.pmax(f32x4.pmin(x, constant(ERF, 0)), constant(ERF, 1));
  const t = f32x4.mul(z, z);
  let p = horner4(constant(ERF, 2), t, ERF, 3);
  p = madd(p, t, constant(ERF, 7));
  let q = horner4(constant(ERF, 8), t, ERF, 9);
  q = madd(q, t, constant(ERF, 13));
  return f32x4.div(f32x4.mul(z, p), q);
}

/** Φ, the distribution function of the standard normal. */
@inline
export function phi4(x: v128): v128 {
  const half = constant(PHI, 0);
  return madd(erf4(f32x4.mul(x, constant(PHI, 1))), half, half);
}

/**
 * Φ(x) + x · φ(x), the slope of GELU, to 1e-6 relative or 1e-7 absolute: that at −a, where it is small, is e^(−a²/2) ·
 * (k · P(k) − a / √2π) with k = 1 / (1 + 0.325 a), and one minus that at a. Constant beyond ±6. Of this kind is
 * Abramowitz & Stegun, "Handbook of Mathematical Functions", 7.1.26.
 */
@inline
export function geluSlope4(x: v128): v128 {
  const one = constant(SLOPE, 2);
  const a = f32x4.pmin(f32x4.abs(x), constant(SLOPE, 0));
  const e = exp4(f32x4.mul(f32x4.mul(a, a), constant(SLOPE, 1)));
  const k = f32x4.div(one, madd(a, constant(SLOPE, 3), one));
  let p = horner4(constant(SLOPE, 4), k, SLOPE, 5);
  p = madd(p, k, constant(SLOPE, 9));
  p = madd(p, k, constant(SLOPE, 10));
  const below = f32x4.mul(e, madd(a, constant(SLOPE, 11), f32x4.mul(p, k)));
  return v128.bitselect(below, f32x4.sub(one, below), f32x4.lt(x, f32x4.splat(0)));
}

/** The natural logarithm to 3e-7 relative; −∞ of 0, NaN of what is negative. */
@inline
export function log4(x: v128): v128 {
  const subnormal = f32x4.lt(x, constant(LOG, 0)); // 2^−126
  const v = v128.bitselect(f32x4.mul(x, constant(LOG, 1)), x, subnormal);
  // v = 2^e · m with √½ ≤ m < √2: the bits above those of √½ count powers of two
  const power = i32x4.shr_s(i32x4.sub(v, i32x4.splat(0x3f3504f3)), 23);
  const m = i32x4.sub(v, i32x4.shl(power, 23));
  const e = f32x4.convert_i32x4_s(i32x4.sub(power, v128.and(subnormal, i32x4.splat(23))));
  // ln m = 2 artanh s = 2s + s³ · P(s²) with s = (m − 1) / (m + 1); ln 2 in two parts, e times the first is exact
  const one = constant(LOG, 2);
  const s = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one));
  const z = f32x4.mul(s, s);
  let p = constant(LOG, 3);
  p = madd(p, z, constant(LOG, 4));
  p = madd(p, z, constant(LOG, 5));
  p = madd(f32x4.mul(s, z), p, f32x4.mul(e, constant(LOG, 6)));
  const y = madd(e, constant(LOG, 7), f32x4.add(f32x4.add(s, s), p));
  const infinity = f32x4.splat(Infinity);
  const regular = v128.and(f32x4.gt(x, constant(LOG, 8)), f32x4.lt(x, infinity));
  const special = v128.bitselect(f32x4.neg(infinity), f32x4.sqrt(x), f32x4.eq(x, constant(LOG, 8)));
  return v128.bitselect(y, special, regular);
}

/** The hyperbolic tangent to 4e-7 relative: z · P(z²) / Q(z²), constant beyond ±9. */
@inline
export function tanh4(x: v128): v128 {
  const z = f32x4.pmax(f32x4.pmin(x, constant(TANH, 0)), constant(TANH, 1));
  const t = f32x4.mul(z, z);
  const p = horner4(constant(TANH, 2), t, TANH, 3);
  const q = horner4(constant(TANH, 7), t, TANH, 8);
  const y = f32x4.div(f32x4.mul(z, p), q);
  return f32x4.pmax(f32x4.pmin(y, constant(TANH, 11)), constant(TANH, 12));
}
