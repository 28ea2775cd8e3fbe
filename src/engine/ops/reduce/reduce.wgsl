// Sums of x (outer, TERMS, INNER) over blocks of BLOCK terms: y (outer, BLOCKS, INNER).

// INNER being 1: a group for each block of a row.
fn sumRows(group: u32, lane: u32) {
  let start = group % BLOCKS * BLOCK;
  let end = min(u32(TERMS), start + BLOCK);
  var sum = 0.0;
  for (var t = start + lane; t < end; t += THREADS) { sum += load_x(group / BLOCKS * TERMS + t); }
  let total = sumLanes(lane, sum);
  if (lane == 0u) { store_y(group, total); }
}

// A thread for each column of a block.
fn sumColumns(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let block = i / INNER;
  let start = block % BLOCKS * BLOCK;
  let end = min(u32(TERMS), start + BLOCK);
  let origin = block / BLOCKS * TERMS * INNER + i % INNER;
  var sum = 0.0;
  for (var t = start; t < end; t++) { sum += load_x(origin + t * INNER); }
  store_y(i, sum);
}

// Index of the first of a row's largest elements; NaN counts as larger than any number.
fn firstLargest(origin: u32) -> u32 {
  var best = origin;
  for (var i = origin; i < origin + WIDTH; i++) {
    if (isNan(bits_x(i))) { return i; }
    if (load_x(i) > load_x(best)) { best = i; }
  }
  return best;
}

fn largest(group: u32, lane: u32) {
  let row = group * THREADS + lane;
  if (row < ROWS) { set_bits_y(row, bits_x(firstLargest(row * WIDTH))); }
}

fn largestGradient(group: u32, lane: u32) {
  let row = group * THREADS + lane;
  if (row >= ROWS) { return; }
  let first = firstLargest(row * WIDTH);
  for (var i = row * WIDTH; i < row * WIDTH + WIDTH; i++) { store_dx(i, select(0.0, load_dy(row), i == first)); }
}
