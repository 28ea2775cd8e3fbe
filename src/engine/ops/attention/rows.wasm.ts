// What attention does with rows of scores, eight elements at a time: two vectors that a wide engine makes one of. Of the
// eight that a row ends in, masks take what lies beyond: stored over one by one, it would be waited for when it is read as
// vectors.

import { lanes, loadPart, madd, max4, sum4 } from '../shared/kernel.wasm';
import { exp4 } from '../shared/math.wasm';

export function round8(n: i32): i32 {
  return (n + 7) & ~7;
}

/** Largest of the first n elements, NaN if one of them is not finite. */
export function rowMax(p: usize, n: i32): f32 {
  const least = f32x4.splat(-f32.MAX_VALUE);
  let m0 = least;
  let m1 = least;
  // pmax is one instruction but may lose a NaN; 0 · x keeps it.
  const zero = f32x4.splat(0);
  let poison = zero;
  for (; n >= 8; n -= 8, p += 32) {
    const x0 = v128.load(p);
    const x1 = v128.load(p, 16);
    m0 = f32x4.pmax(m0, x0);
    m1 = f32x4.pmax(m1, x1);
    poison = madd(zero, x0, madd(zero, x1, poison));
  }
  if (n > 0) {
    const x0 = v128.bitselect(v128.load(p), least, lanes(n));
    const x1 = v128.bitselect(v128.load(p, 16), least, lanes(n - 4));
    m0 = f32x4.pmax(m0, x0);
    m1 = f32x4.pmax(m1, x1);
    poison = madd(zero, x0, madd(zero, x1, poison));
  }
  return max4(f32x4.pmax(m0, m1)) + sum4(poison);
}

/** Replaces x by exp(scale · x − shift) in the first n elements and by 0 up to `end`; returns the sum. */
export function rowExp(p: usize, n: i32, end: i32, scale: f32, shift: f32): f32 {
  const a = f32x4.splat(scale);
  const b = f32x4.splat(-shift);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    const at = p + (<usize>j << 2);
    const e0 = exp4(madd(v128.load(at), a, b));
    const e1 = exp4(madd(v128.load(at, 16), a, b));
    v128.store(at, e0);
    v128.store(at, e1, 16);
    s0 = f32x4.add(s0, e0);
    s1 = f32x4.add(s1, e1);
  }
  if (j < n) {
    const at = p + (<usize>j << 2);
    const e0 = v128.and(exp4(madd(v128.load(at), a, b)), lanes(n - j));
    const e1 = v128.and(exp4(madd(v128.load(at, 16), a, b)), lanes(n - j - 4));
    v128.store(at, e0);
    v128.store(at, e1, 16);
    s0 = f32x4.add(s0, e0);
    s1 = f32x4.add(s1, e1);
    j += 8;
  }
  for (; j < end; j += 4) v128.store(p + (<usize>j << 2), f32x4.splat(0));
  return sum4(f32x4.add(s0, s1));
}

/**
 * Replaces scores x by weights P = exp(scale · x − shift), and their gradients dP by those of the products of queries
 * and keys, scale · P · (dP − delta), in the first n elements; by 0 up to `end`.
 */
export function rowSlopes(weights: usize, slopes: usize, n: i32, end: i32, scale: f32, shift: f32, delta: f32): void {
  const a = f32x4.splat(scale);
  const b = f32x4.splat(-shift);
  const d = f32x4.splat(delta);
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    const at = <usize>j << 2;
    const e0 = exp4(madd(v128.load(weights + at), a, b));
    const e1 = exp4(madd(v128.load(weights + at, 16), a, b));
    v128.store(weights + at, e0);
    v128.store(weights + at, e1, 16);
    const s0 = f32x4.mul(e0, f32x4.sub(v128.load(slopes + at), d));
    const s1 = f32x4.mul(e1, f32x4.sub(v128.load(slopes + at, 16), d));
    v128.store(slopes + at, f32x4.mul(s0, a));
    v128.store(slopes + at, f32x4.mul(s1, a), 16);
  }
  for (; j < n; j += 4) {
    const at = <usize>j << 2;
    const e = exp4(madd(v128.load(weights + at), a, b));
    const s = f32x4.mul(f32x4.mul(e, f32x4.sub(v128.load(slopes + at), d)), a);
    v128.store(weights + at, v128.and(e, lanes(n - j)));
    v128.store(slopes + at, v128.and(s, lanes(n - j)));
  }
  for (; j < end; j += 4) {
    v128.store(weights + (<usize>j << 2), f32x4.splat(0));
    v128.store(slopes + (<usize>j << 2), f32x4.splat(0));
  }
}

/** Σ a · b over d elements. */
export function dotRow(a: usize, b: usize, d: i32): f32 {
  let s = f32x4.splat(0);
  for (; d >= 4; d -= 4, a += 16, b += 16) s = madd(v128.load(a), v128.load(b), s);
  if (d > 0) s = madd(loadPart(a, d), loadPart(b, d), s);
  return sum4(s);
}
