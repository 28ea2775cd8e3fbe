// Philox4x32-10 in SIMD: see philox.ts.

/**
 * Factors of four elements under dropout: 0 with probability p, else 1 / (1 − p). They are elements
 * 4·block … 4·block + 3 of `row`, and `key` points at the seed's two halves and the step.
 */
// @ts-ignore: decorator
@inline
export function dropMask4(block: i32, row: i32, site: i32, key: usize, p: f32): v128 {
  const words = philox(block, row, site, load<i32>(key, 8), load<i32>(key), load<i32>(key, 4));
  const kept = i32x4.ge_u(words, i32x4.splat(<i32>(<u32>(<f64>p * 4294967296.0))));
  return v128.and(kept, f32x4.splat(<f32>1 / (<f32>1 - p)));
}

/** Four random words, one in each lane, for the counter (c0, c1, c2, c3) and the key (k0, k1). */
// @ts-ignore: decorator
@inline
function philox(c0: i32, c1: i32, c2: i32, c3: i32, k0: i32, k1: i32): v128 {
  // The state lies as (c0, c2, c1, c3), so that one instruction makes both 64-bit products.
  let state = i32x4.replace_lane(i32x4.splat(c0), 1, c2);
  state = i32x4.replace_lane(i32x4.replace_lane(state, 2, c1), 3, c3);
  let key = i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(0), 0, k0), 1, k1);
  for (let round = 0; round < 10; round++) {
    state = philoxRound(state, key);
    key = i32x4.add(key, i32x4(0x9e3779b9, 0xbb67ae85, 0, 0));
  }
  return v128.shuffle<i32>(state, state, 0, 2, 1, 3);
}

/** (c0, c2, c1, c3) → (high₁ ⊕ c1 ⊕ k0, high₀ ⊕ c3 ⊕ k1, low₁, low₀), products of c0 and c2 with constants */
// @ts-ignore: decorator
@inline
function philoxRound(state: v128, key: v128): v128 {
  const products = i64x2.extmul_low_i32x4_u(state, i32x4(0xd2511f53, 0xcd9e8d57, 0, 0)); // (l0, h0, l1, h1)
  const swapped = v128.shuffle<i32>(products, products, 3, 1, 2, 0);
  const others = v128.shuffle<i64>(state, i64x2(0, 0), 1, 3); // (c1, c3, 0, 0)
  return v128.xor(v128.xor(swapped, others), key);
}
