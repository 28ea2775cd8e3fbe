// What the threads of a group find out together. Each adds in a fixed order, whatever runs first.

var<workgroup> lanes: array<f32, THREADS>;

// The sum of all threads' values, by halves.
fn sumLanes(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  for (var half = u32(THREADS) / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
  }
  return workgroupUniformLoad(&lanes[0]);
}

fn maxLanes(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  for (var half = u32(THREADS) / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] = max(lanes[lane], lanes[lane + half]); }
  }
  return workgroupUniformLoad(&lanes[0]);
}
