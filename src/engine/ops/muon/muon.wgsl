// m ← μ · m + (1 − μ) · g, and the direction (1 − μ) · g + μ · m.
fn muonMomentum(group: u32, lane: u32) {
  let row = rowOf(group);
  let m = bits_table(row + 2u);
  let gradient = bits_table(row + 3u);
  let mean = bits_table(row + 4u);
  let towards = bits_table(row + 5u);
  let mu = load_momentum(0u);
  for (var i = firstOf(group, row) + lane; i < endOf(group, row); i += THREADS) {
    let part = (1.0 - mu) * load_gradientScale(0u) * load_gradient(gradient + i);
    let next = fma(mu, load_m(m + i), part);
    store_mean(mean + i, next);
    store_towards(towards + i, fma(mu, next, part));
  }
}

// Gram matrices (R × R) divided by their traces; a group for each.
fn normalizeGrams(group: u32, lane: u32) {
  var trace = 0.0;
  for (var i = lane; i < R; i += THREADS) { trace += load_stack(group * R * R + i * (R + 1)); }
  let scale = 1.0 / (sqrt(sumLanes(lane, trace)) + EPSILON);
  for (var i = lane; i < R * R; i += THREADS) {
    store_grams((START + group) * R * R + i, scale * scale * load_stack(group * R * R + i));
  }
  if (lane == 0u) { store_scales(START + group, scale); }
}

// α · I + β · A + γ · A², A² being in y.
fn polynomial(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let identity = select(0.0, f32(ALPHA), i / R % R == i % R);
  store_y(i, fma(GAMMA, load_y(i), fma(BETA, load_a(i), identity)));
}

fn muonUpdate(group: u32, lane: u32) {
  let row = rowOf(group);
  let towards = bits_table(row + 2u);
  let parameter = bits_table(row + 3u);
  let updated = bits_table(row + 4u);
  let scale = load_scales(bits_table(row + 5u));
  let rate = load_learningRate(0u);
  for (var i = firstOf(group, row) + lane; i < endOf(group, row); i += THREADS) {
    let update = rate * FACTOR * (scale * load_towards(towards + i));
    store_updated(updated + i, (1.0 - rate * WEIGHT_DECAY) * load_parameter(parameter + i) - update);
  }
}
