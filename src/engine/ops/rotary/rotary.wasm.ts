// A table of cosines and sines first, with a row for each position: T if all sequences stand at one, or as many as there
// are tokens; then all sequences and heads turn by it.

import { first, int, madd, nmadd, storePart } from '../shared/kernel.wasm';

/**
 * The angles of position p are direction · p · ratioⁱ (direction is 1 or −1), in double precision, since they grow
 * with p and their cosines must not get worse. Rows of both tables lie `step` elements apart.
 */
export function rotaryTable(
  thread: i32, threads: i32, position: usize, cosines: usize, sines: usize, step: i32, rows: i32, T: i32,
  half: i32, direction: f64, ratio: f64,
): void {
  const square = f64x2.splat(ratio * ratio);
  for (let row = first(rows, thread, threads), last = first(rows, thread + 1, threads); row < last; row++) {
    const p = f64x2.splat(direction * (<f64>int(position, row / T) + <f64>(row % T)));
    let at = <usize>(row * step) << 2;
    let frequency = f64x2.replace_lane(f64x2.splat(1), 1, ratio);
    for (let i = 0; i < half; i += 2, at += 8) {
      storeCosSin(f64x2.mul(p, frequency), cosines + at, sines + at);
      frequency = f64x2.mul(frequency, square);
    }
  }
}

/** Cosines and sines of two angles, rounded to floats; Taylor series to 2e-9 in the quarter turn nearest to 0. */
function storeCosSin(angle: v128, cosines: usize, sines: usize): void {
  // angle = n · π/2 + r with |r| ≤ π/4. Near 1.5 · 2^52 doubles are integers: adding it rounds, and leaves n in
  // the lowest bits.
  const magic = f64x2.splat(6755399441055744);
  const n = f64x2.add(f64x2.mul(angle, f64x2.splat(0.6366197723675814)), magic);
  const r = f64x2.sub(angle, f64x2.mul(f64x2.sub(n, magic), f64x2.splat(1.5707963267948966)));
  const z = f64x2.mul(r, r);
  let s = f64x2.splat(1.0 / 362880);
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(-1.0 / 5040));
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(1.0 / 120));
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(-1.0 / 6));
  s = f64x2.add(f64x2.mul(f64x2.mul(s, z), r), r);
  let c = f64x2.splat(-1.0 / 3628800);
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(1.0 / 40320));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(-1.0 / 720));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(1.0 / 24));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(-0.5));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(1));
  // An odd n exchanges the two; n mod 4 tells the signs: cos + − − +, sin + + − −.
  const odd = i64x2.shr_s(i64x2.shl(n, 63), 63);
  const two = i64x2.splat(2);
  const cosSign = i64x2.shl(v128.and(i64x2.add(n, i64x2.splat(1)), two), 62);
  const sinSign = i64x2.shl(v128.and(n, two), 62);
  const cos = v128.xor(v128.bitselect(s, c, odd), cosSign);
  const sin = v128.xor(v128.bitselect(c, s, odd), sinSign);
  v128.store64_lane(cosines, f32x4.demote_f64x2_zero(cos), 0);
  v128.store64_lane(sines, f32x4.demote_f64x2_zero(sin), 0);
}

/** Rows of both tables lie `step` elements apart. */
export function rotary(
  thread: i32, threads: i32, x: usize, cosines: usize, sines: usize, step: i32, rows: i32, y: usize, tokens: i32,
  T: i32, H: i32, half: i32, strideB: i32, strideT: i32, strideH: i32,
): void {
  const head = <usize>strideH << 2;
  const last = first(tokens, thread + 1, threads);
  for (let token = first(tokens, thread, threads); token < last; token++) {
    const b = token / T;
    const t = token % T;
    const angles = <usize>((token % rows) * step) << 2;
    let from = x + (<usize>(b * strideB + t * strideT) << 2);
    let to = y + (<usize>(token * H * half) << 3);
    for (let h = 0; h < H; h++, from += head, to += <usize>half << 3) {
      turn(from, cosines + angles, sines + angles, to, half);
    }
  }
}

/** y (2 · half) = the pairs (i, i + half) of x, each turned by its own angle */
@inline
function turn(x: usize, cosines: usize, sines: usize, y: usize, half: i32): void {
  const upper = <usize>half << 2; // from the first element of a pair to the second
  let i = 0;
  let at: usize = 0;
  for (; i + 4 <= half; i += 4, at += 16) {
    const c = v128.load(cosines + at);
    const s = v128.load(sines + at);
    const p = v128.load(x + at);
    const q = v128.load(x + at + upper);
    v128.store(y + at, nmadd(q, s, f32x4.mul(p, c)));
    v128.store(y + at + upper, madd(p, s, f32x4.mul(q, c)));
  }
  if (i == half) return;
  const c = v128.load(cosines + at);
  const s = v128.load(sines + at);
  const p = v128.load(x + at);
  const q = v128.load(x + at + upper);
  storePart(y + at, nmadd(q, s, f32x4.mul(p, c)), half - i);
  storePart(y + at + upper, madd(p, s, f32x4.mul(q, c)), half - i);
}
