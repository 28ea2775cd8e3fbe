// A group of threads for each row of WIDTH elements.

// Threads' part of the largest element of a row that begins at `start`.
fn rowMax(lane: u32, start: u32) -> f32 {
  var most = -0x1.fffffep+127f;
  for (var i = lane; i < WIDTH; i += THREADS) { most = max(most, load_x(start + i)); }
  return maxLanes(lane, most);
}

fn softmax(group: u32, lane: u32) {
  let start = group * WIDTH;
  let most = rowMax(lane, start);
  var sum = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) {
    let power = exponential(load_x(start + i) - most);
    sum += power;
    store_y(start + i, power);
  }
  let total = sumLanes(lane, sum);
  // Of −∞ alone there is no softmax.
  let missing = total == 0.0 || isNan(bitcast<u32>(total));
  for (var i = lane; i < WIDTH; i += THREADS) {
    if (missing) { set_bits_y(start + i, 0x7fc00000u); }
    else { store_y(start + i, load_y(start + i) / total); }
  }
}

// dx = y · (dy − Σ y · dy)
fn softmaxGradient(group: u32, lane: u32) {
  let start = group * WIDTH;
  var sum = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) { sum = fma(load_y(start + i), load_dy(start + i), sum); }
  let mean = sumLanes(lane, sum);
  for (var i = lane; i < WIDTH; i += THREADS) {
    store_dx(start + i, load_y(start + i) * (load_dy(start + i) - mean));
  }
}

// Of each row of logits the largest, the logarithm of the sum of powers, and −log softmax at its target.
fn crossEntropyRows(group: u32, lane: u32) {
  let start = group * WIDTH;
  let most = rowMax(lane, start);
  var sum = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) { sum += exponential(load_x(start + i) - most); }
  let total = sumLanes(lane, sum);
  if (lane > 0u) { return; }
  store_most(group, most);
  store_logSum(group, logarithm(total));
  let id = load_targets(group);
  if (id == IGNORED) { store_losses(group, 0.0); }
  else if (id < 0 || id >= WIDTH || !isFinite(bitcast<u32>(total))) { set_bits_losses(group, 0x7fc00000u); }
  else { store_losses(group, logarithm(total) - (load_x(start + u32(id)) - most)); }
}

// Threads' part of how many rows count.
fn countTargets(lane: u32) -> f32 {
  var count = 0.0;
  for (var i = lane; i < ROWS; i += THREADS) { count += select(1.0, 0.0, load_targets(i) == IGNORED); }
  return sumLanes(lane, count);
}

fn crossEntropyMean(group: u32, lane: u32) {
  var sum = 0.0;
  var missing = 0.0;
  for (var i = lane; i < ROWS; i += THREADS) {
    sum += load_losses(i);
    missing += select(0.0, 1.0, isNan(bits_losses(i)));
  }
  let total = sumLanes(lane, sum);
  let nans = sumLanes(lane, missing);
  let count = countTargets(lane);
  if (lane > 0u) { return; }
  if (count == 0.0 || nans > 0.0) { set_bits_loss(0u, 0x7fc00000u); }
  else { store_loss(0u, total / count); }
}

// dloss divided by the number of rows that count.
fn crossEntropyScale(group: u32, lane: u32) {
  let count = countTargets(lane);
  if (lane == 0u) { store_scale(0u, load_dloss(0u) / count); }
}

// (softmax − onehot) · scale, 0 where ignored, NaN where the target is no class.
fn crossEntropyGradient(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let row = i / WIDTH;
  let id = load_targets(row);
  if (id == IGNORED) { store_dx(i, 0.0); return; }
  if (id < 0 || id >= WIDTH) { set_bits_dx(i, 0x7fc00000u); return; }
  let share = exponential(load_x(i) - load_most(row) - load_logSum(row));
  store_dx(i, (share - select(0.0, 1.0, i % WIDTH == u32(id))) * load_scale(0u));
}
