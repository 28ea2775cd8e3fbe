// The sum of the squares of each BLOCK of elements of many tensors, to be kept at START + group.
fn sumSquares(group: u32, lane: u32) {
  let row = rowOf(group);
  let x = bits_table(row + 2u);
  var sum = 0.0;
  var broken = 0.0;
  for (var i = firstOf(group, row) + lane; i < endOf(group, row); i += THREADS) {
    sum = fma(load_x(x + i), load_x(x + i), sum);
    broken += select(1.0, 0.0, isFinite(bits_x(x + i)));
  }
  let total = sumLanes(lane, sum);
  let bad = sumLanes(lane, broken);
  if (lane > 0u) { return; }
  if (bad > 0.0) { set_bits_sums(START + group, 0x7fc00000u); }
  else { store_sums(START + group, total); }
}

// √ of all sums; NaN, by its bits, if one is not finite.
fn globalNorm(group: u32, lane: u32) {
  var sum = 0.0;
  var broken = 0.0;
  for (var i = lane; i < N; i += THREADS) {
    sum += load_sums(i);
    broken += select(0.0, 1.0, isNan(bits_sums(i)));
  }
  let total = sumLanes(lane, sum);
  let bad = sumLanes(lane, broken);
  if (lane > 0u) { return; }
  if (bad > 0.0) { set_bits_norm(0u, 0x7fc00000u); }
  else { store_norm(0u, sqrt(total)); }
}

fn clipScale(group: u32, lane: u32) {
  if (isNan(bits_norm(0u))) { set_bits_scale(0u, 0x7fc00000u); }
  else { store_scale(0u, min(1.0, MAX_NORM / (load_norm(0u) + 1e-6))); }
}

fn unscale(group: u32, lane: u32) {
  let row = rowOf(group);
  let x = bits_table(row + 2u);
  let y = bits_table(row + 3u);
  let finite = isFinite(bits_norm(0u));
  for (var i = firstOf(group, row) + lane; i < endOf(group, row); i += THREADS) {
    store_y(y + i, select(0.0, load_factor(0u) * load_x(x + i), finite));
  }
}
