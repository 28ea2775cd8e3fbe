// m ← μ · m + (1 − μ) · g, and the direction (1 − μ) · g + μ · m.
fn muonMomentum(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let mu = load_momentum(0u);
  let part = (1.0 - mu) * load_gradientScale(0u) * load_gradient(i);
  let mean = fma(mu, load_m(i), part);
  store_mean(i, mean);
  store_towards(i, fma(mu, mean, part));
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
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let rate = load_learningRate(0u);
  let update = rate * FACTOR * (load_scales(INDEX) * load_towards(i));
  store_updated(i, (1.0 - rate * WEIGHT_DECAY) * load_parameter(i) - update);
}
