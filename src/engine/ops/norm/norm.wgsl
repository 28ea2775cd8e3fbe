// Rows of WIDTH elements, a group of threads for each.

fn layerNorm(group: u32, lane: u32) {
  let start = group * WIDTH;
  var sum = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) { sum += load_x(start + i); }
  let mean = sumLanes(lane, sum) / WIDTH;
  var squares = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) {
    let d = load_x(start + i) - mean;
    squares = fma(d, d, squares);
  }
  let rstd = 1.0 / sqrt(sumLanes(lane, squares) / WIDTH + EPSILON);
  for (var i = lane; i < WIDTH; i += THREADS) {
    var y = (load_x(start + i) - mean) * rstd * load_weight(i);
    if (BIASED == 1) { y += load_bias(i); }
    store_y(start + i, y);
  }
  if (lane == 0u) {
    store_mean(group, mean);
    store_rstd(group, rstd);
  }
}

// With the normalised row n and its gradient dn: dx = rstd · (dn − mean(dn) − n · mean(dn · n)).
fn layerNormGradient(group: u32, lane: u32) {
  let start = group * WIDTH;
  let mean = load_mean(group);
  let rstd = load_rstd(group);
  var sum = 0.0;
  var dot = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) {
    let dn = load_dy(start + i) * load_weight(i);
    sum += dn;
    dot = fma(dn, (load_x(start + i) - mean) * rstd, dot);
  }
  let meanGradient = sumLanes(lane, sum) / WIDTH;
  let meanProduct = sumLanes(lane, dot) / WIDTH;
  for (var i = lane; i < WIDTH; i += THREADS) {
    let n = (load_x(start + i) - mean) * rstd;
    let dn = load_dy(start + i) * load_weight(i);
    store_dx(start + i, rstd * (dn - meanGradient - n * meanProduct));
  }
}

// The parameters' gradients, summed over BLOCK rows by a thread for each column.
fn layerNormGradientBlocks(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let column = i % WIDTH;
  var weight = 0.0;
  var bias = 0.0;
  let row0 = i / WIDTH * BLOCK;
  for (var row = row0; row < min(row0 + BLOCK, u32(ROWS)); row++) {
    let dy = load_dy(row * WIDTH + column);
    weight = fma(dy, (load_x(row * WIDTH + column) - load_mean(row)) * load_rstd(row), weight);
    bias += dy;
  }
  store_weightSums(i, weight);
  store_biasSums(i, bias);
}

// 1 / √(mean(x²) + ε) of the row that begins at `start`
fn inverseNorm(lane: u32, start: u32) -> f32 {
  var squares = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) { squares = fma(load_x(start + i), load_x(start + i), squares); }
  return 1.0 / sqrt(sumLanes(lane, squares) / WIDTH + EPSILON);
}

fn rmsNorm(group: u32, lane: u32) {
  let start = at_x(group);
  let scale = inverseNorm(lane, start);
  for (var i = lane; i < WIDTH; i += THREADS) { store_y(group * WIDTH + i, load_x(start + i) * scale); }
}

// With the normalised row n: dx = scale · (dy − n · mean(dy · n)).
fn rmsNormGradient(group: u32, lane: u32) {
  let start = at_x(group);
  let row = group * WIDTH;
  let scale = inverseNorm(lane, start);
  var dot = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) { dot = fma(load_x(start + i) * scale, load_dy(row + i), dot); }
  let meanProduct = sumLanes(lane, dot) / WIDTH;
  for (var i = lane; i < WIDTH; i += THREADS) {
    store_dx(row + i, scale * (load_dy(row + i) - load_x(start + i) * scale * meanProduct));
  }
}
