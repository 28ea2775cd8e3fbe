// Elementary functions in four lanes. Polynomials were fitted for this file (Remez / iteratively
// reweighted least squares in extended precision); the stated errors include rounding in f32.
// pmin(x, …) and pmax(x, …) keep NaN as min and max do, but are one instruction instead of eight.

import { madd, nmadd } from './kernel.wasm';

/** eˣ to 2 ulp; 0 below −87.33 and of NaN, e^88.37 from there on. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const inRange = f32x4.gt(x, f32x4.splat(-87.33));
  const c = f32x4.pmin(x, f32x4.splat(88.37));
  // x = n · ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two parts, so that n · ln 2 is exact.
  // Near 1.5 · 2^23 floats are integers: adding it rounds, and leaves n in the lowest bits.
  const magic = f32x4.splat(12582912);
  const shifted = madd(c, f32x4.splat(1.4426950408889634), magic);
  const n = f32x4.sub(shifted, magic);
  let r = nmadd(n, f32x4.splat(0.693145751953125), c);
  r = nmadd(n, f32x4.splat(1.4286068203094172e-6), r);
  let p = f32x4.splat(0.0013926181810489343);
  p = madd(p, r, f32x4.splat(0.008363177629994445));
  p = madd(p, r, f32x4.splat(0.041666554627878084));
  p = madd(p, r, f32x4.splat(0.16666576998242924));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(f32x4.mul(p, r), r, f32x4.add(r, f32x4.splat(1)));
  const power = i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(p, power), inRange);
}

/** The error function to 4e-7 absolute: z · P(z²) / Q(z²), constant beyond ±3.92. */
// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const z = f32x4.pmax(f32x4.pmin(x, f32x4.splat(3.92)), f32x4.splat(-3.92));
  const t = f32x4.mul(z, z);
  let p = f32x4.splat(2.050074726867024e-6);
  p = madd(p, t, f32x4.splat(0.0002848855219781399));
  p = madd(p, t, f32x4.splat(0.003765719709917903));
  p = madd(p, t, f32x4.splat(0.052749037742614746));
  p = madd(p, t, f32x4.splat(0.19040879607200623));
  p = madd(p, t, f32x4.splat(1.1283791065216064));
  let q = f32x4.splat(3.809173358604312e-5);
  q = madd(q, t, f32x4.splat(0.0011625614715740085));
  q = madd(q, t, f32x4.splat(0.014969419687986374));
  q = madd(q, t, f32x4.splat(0.1141100823879242));
  q = madd(q, t, f32x4.splat(0.502078115940094));
  q = madd(q, t, f32x4.splat(1));
  return f32x4.div(f32x4.mul(z, p), q);
}

/** Φ, the distribution function of the standard normal. */
// @ts-ignore: decorator
@inline
export function phi4(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return madd(erf4(f32x4.mul(x, f32x4.splat(0.7071067811865476))), half, half);
}

/** The natural logarithm to 3e-7 relative; −∞ of 0, NaN of what is negative. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const subnormal = f32x4.lt(x, f32x4.splat(1.1754943508222875e-38)); // 2^−126
  const v = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, subnormal);
  // v = 2^e · m with √½ ≤ m < √2: the bits above those of √½ count powers of two
  const power = i32x4.shr_s(i32x4.sub(v, i32x4.splat(0x3f3504f3)), 23);
  const m = i32x4.sub(v, i32x4.shl(power, 23));
  const e = f32x4.convert_i32x4_s(i32x4.sub(power, v128.and(subnormal, i32x4.splat(23))));
  // ln m = 2 artanh s = 2s + s³ · P(s²) with s = (m − 1) / (m + 1); ln 2 in two parts, e times the first is exact
  const one = f32x4.splat(1);
  const s = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one));
  const z = f32x4.mul(s, s);
  let p = f32x4.splat(0.29870936274528503);
  p = madd(p, z, f32x4.splat(0.39977574348449707));
  p = madd(p, z, f32x4.splat(0.6666677594184875));
  p = madd(f32x4.mul(s, z), p, f32x4.mul(e, f32x4.splat(-2.1219444e-4)));
  const y = madd(e, f32x4.splat(0.693359375), f32x4.add(f32x4.add(s, s), p));
  const infinity = f32x4.splat(Infinity);
  const regular = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, infinity));
  const special = v128.bitselect(f32x4.neg(infinity), f32x4.sqrt(x), f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(y, special, regular);
}

/** The hyperbolic tangent to 4e-7 relative: z · P(z²) / Q(z²), constant beyond ±9. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const z = f32x4.pmax(f32x4.pmin(x, f32x4.splat(9)), f32x4.splat(-9));
  const t = f32x4.mul(z, z);
  let p = f32x4.splat(1.331910496462808e-8);
  p = madd(p, t, f32x4.splat(2.058350707652453e-5));
  p = madd(p, t, f32x4.splat(0.0034940362120611636));
  p = madd(p, t, f32x4.splat(0.13379719359737072));
  p = madd(p, t, f32x4.splat(0.9999999790240953));
  let q = f32x4.splat(7.762033547695363e-7);
  q = madd(q, t, f32x4.splat(0.0003283095483043479));
  q = madd(q, t, f32x4.splat(0.025871079571964637));
  q = madd(q, t, f32x4.splat(0.4671303460213377));
  q = madd(q, t, f32x4.splat(1));
  const y = f32x4.div(f32x4.mul(z, p), q);
  return f32x4.pmax(f32x4.pmin(y, f32x4.splat(1)), f32x4.splat(-1));
}
