// Dropout masks by Philox4x32-10 in SIMD: see philox.ts.

import { storePart } from './kernel.wasm';

/**
 * to = from · mask for elements `start` … `start + n − 1` of row `row`, with `start` a multiple of 4 and n > 0;
 * `from` and `to` point at the first of them and may be the same. The mask is 0 with probability p, else
 * 1 / (1 − p); `key` points at the seed's two halves and the step.
 */
export function dropRow(
  from: usize, to: usize, start: i32, n: i32, row: i32, site: i32, key: usize, p: f32,
): void {
  const threshold = i32x4.splat(<i32>(<u32>(<f64>p * 4294967296.0)));
  const scale = f32x4.splat(<f32>1 / (<f32>1 - p));
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  let i = 0;
  // Loops with the test at their end: V8 moves what does not change only out of these.
  do {
    // Each lane is a counter of its own: four of them give the words of 16 elements.
    let c0 = i32x4.add(i32x4.splat((start + i) >> 2), i32x4(0, 1, 2, 3));
    let c1 = i32x4.splat(row);
    let c2 = i32x4.splat(site);
    let c3 = i32x4.splat(load<i32>(key, 8));
    let k0 = load<i32>(key);
    let k1 = load<i32>(key, 4);
    let round = 0;
    do {
      const a = i64x2.extmul_low_i32x4_u(c0, m0); // low and high words of the products of lanes 0 and 1
      const b = i64x2.extmul_high_i32x4_u(c0, m0); // of lanes 2 and 3
      const c = i64x2.extmul_low_i32x4_u(c2, m1);
      const d = i64x2.extmul_high_i32x4_u(c2, m1);
      c0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), c1), i32x4.splat(k0));
      c2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), c3), i32x4.splat(k1));
      c1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
      c3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    } while (++round < 10);
    // Transposed, the four words of a counter are those of four neighbours.
    const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
    const low23 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
    const high01 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
    const high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
    drop4(from, to, n - i, v128.shuffle<i64>(low01, high01, 0, 2), threshold, scale);
    drop4(from + 16, to + 16, n - i - 4, v128.shuffle<i64>(low01, high01, 1, 3), threshold, scale);
    drop4(from + 32, to + 32, n - i - 8, v128.shuffle<i64>(low23, high23, 0, 2), threshold, scale);
    drop4(from + 48, to + 48, n - i - 12, v128.shuffle<i64>(low23, high23, 1, 3), threshold, scale);
    i += 16;
    from += 64;
    to += 64;
  } while (i < n);
}

/** Drops the first n (at most 4) elements whose words are below the threshold, and scales the others. */
function drop4(from: usize, to: usize, n: i32, words: v128, threshold: v128, scale: v128): void {
  const mask = v128.and(i32x4.ge_u(words, threshold), scale);
  if (n > 0) storePart(to, f32x4.mul(v128.load(from), mask), n);
}
