// 1 − eˣ for x ≤ 0, to full precision near 0.
fn oneMinusExp(x: f32) -> f32 {
  let series = -x * fma(x, fma(x, fma(x, fma(x, fma(x, 0.001388889, 0.008333334), 0.041666668), 0.16666667), 0.5), 1.0);
  return select(1.0 - exponential(x), series, x > -0.25);
}

// One update of many tensors by AdamW: see adamw.ts. βᵗ by its logarithm.
fn adamw(group: u32, lane: u32) {
  let row = rowOf(group);
  let parameter = bits_table(row + 2u);
  let gradients = bits_table(row + 3u);
  let m = bits_table(row + 4u);
  let v = bits_table(row + 5u);
  let newParameter = bits_table(row + 6u);
  let newM = bits_table(row + 7u);
  let newV = bits_table(row + 8u);
  let weightDecay = bitcast<f32>(bits_table(row + 9u));
  let step = f32(load_step(0u));
  let rate = load_learningRate(0u);
  let correction1 = oneMinusExp(step * LOG_BETA1);
  let correction2 = oneMinusExp(step * LOG_BETA2);
  for (var i = firstOf(group, row) + lane; i < endOf(group, row); i += THREADS) {
    let gradient = load_gradient(gradients + i) * load_gradientScale(0u);
    let mean = fma(BETA1, load_m(m + i), (1.0 - BETA1) * gradient);
    let variance = fma(BETA2, load_v(v + i), (1.0 - BETA2) * gradient * gradient);
    let towards = mean / correction1 / (sqrt(variance / correction2) + EPSILON);
    let before = load_parameter(parameter + i);
    store_newM(newM + i, mean);
    store_newV(newV + i, variance);
    store_newParameter(newParameter + i, before * (1.0 - rate * weightDecay) - rate * towards);
  }
}
