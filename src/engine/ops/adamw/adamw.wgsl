// 1 − eˣ for x ≤ 0, to full precision near 0.
fn oneMinusExp(x: f32) -> f32 {
  let series = -x * fma(x, fma(x, fma(x, fma(x, fma(x, 0.001388889, 0.008333334), 0.041666668), 0.16666667), 0.5), 1.0);
  return select(1.0 - exponential(x), series, x > -0.25);
}

// One update by AdamW: see adamw.ts. βᵗ by its logarithm.
fn adamw(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let step = f32(load_step(0u));
  let rate = load_learningRate(0u);
  let gradient = load_gradient(i) * load_gradientScale(0u);
  let mean = fma(BETA1, load_m(i), (1.0 - BETA1) * gradient);
  let variance = fma(BETA2, load_v(i), (1.0 - BETA2) * gradient * gradient);
  store_newM(i, mean);
  store_newV(i, variance);
  let correction1 = oneMinusExp(step * LOG_BETA1);
  let correction2 = oneMinusExp(step * LOG_BETA2);
  let towards = mean / correction1 / (sqrt(variance / correction2) + EPSILON);
  store_newParameter(i, load_parameter(i) * (1.0 - rate * WEIGHT_DECAY) - rate * towards);
}
