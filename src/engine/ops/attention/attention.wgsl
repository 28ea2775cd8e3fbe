// Causal attention of any width, and of few queries: a group of threads for each row of scores; those of a few keys at a
// time are in the group's memory, never all. Rows are counted as (B, HEADS, QUERIES), and dropout's masks with them.

const LOWEST = -0x1.fffffep+127f;

var<workgroup> weights: array<f32, THREADS>;
var<workgroup> slopes: array<f32, THREADS>;
var<workgroup> limit: u32;

// Where the query of a row lies in q, and its keys begin in k and v.
fn queryAt(row: u32) -> u32 {
  return row / QUERIES / HEADS * Q_BATCH + row % QUERIES * Q_ROW + row / QUERIES % HEADS * Q_HEAD;
}

fn keysAt(pair: u32) -> u32 {
  return pair / HEADS * K_BATCH + pair % HEADS * K_HEAD;
}

fn valuesAt(pair: u32) -> u32 {
  return pair / HEADS * V_BATCH + pair % HEADS * V_HEAD;
}

// Where the row's part of an array that lies as y does begins.
fn resultAt(row: u32) -> u32 {
  return ((row / QUERIES / HEADS * QUERIES + row % QUERIES) * HEADS + row / QUERIES % HEADS) * WIDTH;
}

fn sumFour(four: vec4<f32>) -> f32 {
  return (four.x + four.y) + (four.z + four.w);
}

fn score(query: u32, key: u32) -> f32 {
  if (WIDTH % 4 == 0) {
    var sum = vec4<f32>();
    for (var d = 0u; d < WIDTH; d += 4u) { sum = fma(load4_q(query + d), load4_k(key + d), sum); }
    return SCALE * sumFour(sum);
  }
  var sum = 0.0;
  for (var d = 0u; d < WIDTH; d++) { sum = fma(load_q(query + d), load_k(key + d), sum); }
  return SCALE * sum;
}

// How many keys the query of a row sees. Each sequence stands at a position of its own if EACH is 1.
fn keysSeenBy(row: u32) -> u32 {
  return u32(clamp(load_position(row / QUERIES / HEADS * EACH) + i32(row % QUERIES) + 1, 0, KEYS));
}

// The same for all threads.
fn visibleKeys(lane: u32, row: u32) -> u32 {
  if (lane == 0u) { limit = keysSeenBy(row); }
  return workgroupUniformLoad(&limit);
}

// What dropout multiplies weight j of a row by.
fn keep(row: u32, j: u32) -> f32 {
  if (DROPPING == 0) { return 1.0; }
  return dropMask(j / 4u, row)[j % 4u];
}

fn attention(group: u32, lane: u32) {
  let query = queryAt(group);
  let keys = keysAt(group / QUERIES);
  let values = valuesAt(group / QUERIES);
  let result = resultAt(group);
  let visible = visibleKeys(lane, group);
  var most = LOWEST;
  var sum = 0.0;
  for (var j = lane; j < visible; j += THREADS) {
    let s = score(query, keys + j * K_ROW);
    let higher = max(most, s);
    sum = fma(sum, exponential(most - higher), exponential(s - higher));
    most = higher;
  }
  let top = maxLanes(lane, most);
  let total = sumLanes(lane, sum * exponential(most - top));
  if (lane == 0u) { store_lse(group, top + logarithm(total)); }
  for (var j0 = 0u; j0 < visible; j0 += THREADS) {
    let j = j0 + lane;
    var weight = 0.0;
    if (j < visible) { weight = exponential(score(query, keys + j * K_ROW) - top) / total * keep(group, j); }
    weights[lane] = weight;
    workgroupBarrier();
    for (var d = lane; d < WIDTH; d += THREADS) {
      var y = 0.0;
      if (j0 > 0u) { y = load_y(result + d); }
      for (var i = 0u; i < min(u32(THREADS), visible - j0); i++) { y = fma(weights[i], load_v(values + (j0 + i) * V_ROW + d), y); }
      store_y(result + d, y);
    }
    workgroupBarrier();
  }
}

// Σ y · dy of each row.
fn attentionDelta(group: u32, lane: u32) {
  let row = group * THREADS + lane;
  if (row >= ROWS) { return; }
  let at = resultAt(row);
  if (WIDTH % 4 == 0) {
    var sums = vec4<f32>();
    for (var d = 0u; d < WIDTH; d += 4u) { sums = fma(load4_y(at + d), load4_dy(at + d), sums); }
    store_delta(row, sumFour(sums));
    return;
  }
  var sum = 0.0;
  for (var d = 0u; d < WIDTH; d++) { sum = fma(load_y(at + d), load_dy(at + d), sum); }
  store_delta(row, sum);
}

fn weightOf(row: u32, key: u32) -> f32 {
  return exponential(score(queryAt(row), key) - load_lse(row));
}

// dy · v
fn slopeOfWeight(row: u32, value: u32) -> f32 {
  let at = resultAt(row);
  var sum = 0.0;
  if (WIDTH % 4 == 0) {
    var sums = vec4<f32>();
    for (var d = 0u; d < WIDTH; d += 4u) { sums = fma(load4_dy(at + d), load4_v(value + d), sums); }
    return sumFour(sums);
  }
  for (var d = 0u; d < WIDTH; d++) { sum = fma(load_dy(at + d), load_v(value + d), sum); }
  return sum;
}

fn attentionGradientQueries(group: u32, lane: u32) {
  let keys = keysAt(group / QUERIES);
  let values = valuesAt(group / QUERIES);
  let result = resultAt(group);
  let visible = visibleKeys(lane, group);
  for (var j0 = 0u; j0 < visible; j0 += THREADS) {
    let j = j0 + lane;
    var slope = 0.0;
    if (j < visible) {
      let dweight = keep(group, j) * slopeOfWeight(group, values + j * V_ROW) - load_delta(group);
      slope = SCALE * weightOf(group, keys + j * K_ROW) * dweight;
    }
    slopes[lane] = slope;
    workgroupBarrier();
    for (var d = lane; d < WIDTH; d += THREADS) {
      var dq = 0.0;
      if (j0 > 0u) { dq = load_dq(result + d); }
      for (var i = 0u; i < min(u32(THREADS), visible - j0); i++) { dq = fma(slopes[i], load_k(keys + (j0 + i) * K_ROW + d), dq); }
      store_dq(result + d, dq);
    }
    workgroupBarrier();
  }
}

// The first query of a pair that sees key j.
fn firstQueryOf(pair: u32, j: u32) -> u32 {
  return u32(clamp(i32(j) - load_position(pair / HEADS * EACH), 0, QUERIES));
}

// The same for all threads.
fn firstQuery(lane: u32, pair: u32, j: u32) -> u32 {
  if (lane == 0u) { limit = firstQueryOf(pair, j); }
  return workgroupUniformLoad(&limit);
}

// Of keys and values, counted as (B, HEADS, KEYS).
fn attentionGradientKeys(group: u32, lane: u32) {
  let pair = group / KEYS;
  let j = group % KEYS;
  let key = keysAt(pair) + j * K_ROW;
  let value = valuesAt(pair) + j * V_ROW;
  let result = ((pair / HEADS * KEYS + j) * HEADS + pair % HEADS) * WIDTH;
  let queries = queryAt(pair * QUERIES);
  let results = resultAt(pair * QUERIES);
  for (var d = lane; d < WIDTH; d += THREADS) {
    store_dk(result + d, 0.0);
    store_dv(result + d, 0.0);
  }
  for (var t0 = firstQuery(lane, pair, j); t0 < QUERIES; t0 += THREADS) {
    let row = pair * QUERIES + t0 + lane;
    var weight = 0.0;
    var slope = 0.0;
    if (t0 + lane < QUERIES) {
      let kept = keep(row, j);
      weight = weightOf(row, key);
      slope = SCALE * weight * (kept * slopeOfWeight(row, value) - load_delta(row));
      weight *= kept;
    }
    weights[lane] = weight;
    slopes[lane] = slope;
    workgroupBarrier();
    for (var d = lane; d < WIDTH; d += THREADS) {
      var dk = load_dk(result + d);
      var dv = load_dv(result + d);
      for (var i = 0u; i < min(u32(THREADS), QUERIES - t0); i++) {
        dk = fma(slopes[i], load_q(queries + (t0 + i) * Q_ROW + d), dk);
        dv = fma(weights[i], load_dy(results + (t0 + i) * HEADS * WIDTH + d), dv);
      }
      store_dk(result + d, dk);
      store_dv(result + d, dv);
    }
    workgroupBarrier();
  }
}
