// Dropout masks by Philox4x32-10: see philox.ts.

fn multiplyHigh(a: u32, b: u32) -> u32 {
  let a1 = a >> 16u;
  let a0 = a & 0xffffu;
  let b1 = b >> 16u;
  let b0 = b & 0xffffu;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let carry = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (carry >> 16u);
}

fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high = vec2<u32>(multiplyHigh(0xd2511f53u, c.x), multiplyHigh(0xcd9e8d57u, c.z));
    let low = vec2<u32>(0xd2511f53u * c.x, 0xcd9e8d57u * c.z);
    c = vec4<u32>(high.y ^ c.y ^ k.x, low.y, high.x ^ c.w ^ k.y, low.x);
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

// Factors of elements 4 · block … 4 · block + 3 of a row: 0 with the probability of which DROP_BELOW is the share of
// 2³², else KEEP_SCALE.
fn dropMask(block: u32, row: u32) -> vec4<f32> {
  let key = vec3<u32>(bits_key(0u), bits_key(1u), bits_key(2u));
  let words = philox(vec4<u32>(block, row, SITE, key.z), key.xy);
  return select(vec4<f32>(KEEP_SCALE), vec4<f32>(0.0), words < vec4<u32>(DROP_BELOW));
}
