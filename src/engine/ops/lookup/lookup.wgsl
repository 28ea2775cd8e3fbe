// Tables of ROWS rows of WIDTH elements.

fn embedding(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let id = load_indices(i / WIDTH);
  if (id < 0 || id >= ROWS) { set_bits_y(i, 0x7fc00000u); }
  else { set_bits_y(i, bits_weight(u32(id) * WIDTH + i % WIDTH)); }
}

var<workgroup> ids: array<i32, THREADS>;
var<workgroup> earlier: u32;

// Whether the group's token is the first of TOKENS that looks up its row: one group works on each row, and adds in the
// order of the tokens.
fn isFirst(group: u32, lane: u32, id: i32) -> bool {
  if (lane == 0u) { earlier = 0u; }
  workgroupBarrier();
  var seen = false;
  for (var t = lane; t < group; t += THREADS) { seen = seen || load_indices(t) == id; }
  // Whoever writes writes the same.
  if (seen || id < 0 || id >= ROWS) { earlier = 1u; }
  return workgroupUniformLoad(&earlier) == 0u;
}

// dweight, which is 0 so far: row `id` is the sum of the gradients of its tokens.
fn embeddingGradient(group: u32, lane: u32) {
  let id = load_indices(group);
  if (!isFirst(group, lane, id)) { return; }
  let row = u32(id) * WIDTH;
  for (var t0 = group; t0 < TOKENS; t0 += THREADS) {
    workgroupBarrier();
    if (t0 + lane < TOKENS) { ids[lane] = load_indices(t0 + lane); }
    workgroupBarrier();
    for (var i = lane; i < WIDTH; i += THREADS) {
      var sum = load_dweight(row + i);
      for (var t = 0u; t < THREADS && t0 + t < TOKENS; t++) {
        if (ids[t] == id) { sum += load_dy((t0 + t) * WIDTH + i); }
      }
      store_dweight(row + i, sum);
    }
  }
}

// See `ngram` in lookup.ts.
fn ngram(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let place = load_position(i / LENGTH * EACH) + i32(i % LENGTH);
  var h = 0u;
  for (var j = 0; j < ORDER; j++) {
    let p = place - j;
    var token = -1;
    if (p >= 0 && p < PLACES) { token = load_ids(i / LENGTH * PLACES + u32(p)); }
    h = (h ^ u32(token + 1)) * 0x9e3779b1u;
    h ^= h >> 15u;
  }
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  h ^= h >> 16u;
  store_y(i, i32(h % ROWS));
}

// One update of a row by AdaGrad: see `rowAdaGrad` in lookup.ts. `sums` has a row for each token.
fn rowAdagrad(group: u32, lane: u32) {
  let id = load_indices(group);
  if (!isFirst(group, lane, id)) { return; }
  let own = group * WIDTH;
  for (var i = lane; i < WIDTH; i += THREADS) { store_sums(own + i, 0.0); }
  for (var t0 = group; t0 < TOKENS; t0 += THREADS) {
    workgroupBarrier();
    if (t0 + lane < TOKENS) { ids[lane] = load_indices(t0 + lane); }
    workgroupBarrier();
    for (var i = lane; i < WIDTH; i += THREADS) {
      var sum = load_sums(own + i);
      for (var t = 0u; t < THREADS && t0 + t < TOKENS; t++) {
        if (ids[t] == id) { sum += load_gradient((t0 + t) * WIDTH + i); }
      }
      store_sums(own + i, sum);
    }
  }
  var squares = 0.0;
  for (var i = lane; i < WIDTH; i += THREADS) { squares = fma(load_sums(own + i), load_sums(own + i), squares); }
  let total = load_squares(u32(id)) + sumLanes(lane, squares) / WIDTH;
  // All have read the old one before it is written.
  storageBarrier();
  if (lane == 0u) { store_squares(u32(id), total); }
  let rate = load_learningRate(0u) / (sqrt(total) + EPSILON);
  for (var i = lane; i < WIDTH; i += THREADS) {
    let at = u32(id) * WIDTH + i;
    store_rows(at, fma(-rate, load_sums(own + i), load_rows(at)));
  }
}
