// Causal attention by tiles, for heads of a multiple of four elements. A group of threads has OWN rows of one head of one
// sequence: queries, or keys for their own gradients. What these meet, keys or queries, comes by MET rows at a time into
// the group's memory, four elements at a load. All OWN × MET weights are computed there, and then each thread adds up
// four columns of one own row, in order of what it meets. Rows are counted as in attention.wgsl.

const FOURS = WIDTH / 4;
// Rows in the group's memory lie apart by one vector more than they have, so that neighbours begin in other banks.
const PITCH = FOURS + 1;

var<workgroup> keyTile: array<vec4<f32>, MET * PITCH>;
var<workgroup> valueTile: array<vec4<f32>, MET * PITCH>;
var<workgroup> queryTile: array<vec4<f32>, MET * PITCH>;
var<workgroup> gradientTile: array<vec4<f32>, MET * PITCH>;
var<workgroup> weightTile: array<f32, OWN * MET>;
// Weights after dropout.
var<workgroup> keptTile: array<f32, OWN * MET>;
var<workgroup> slopeTile: array<f32, OWN * MET>;
var<workgroup> mosts: array<f32, OWN>;

// Keys and values from j0 on, as many as there are.
fn loadKeys(lane: u32, pair: u32, j0: u32) {
  for (var i = lane; i < MET * FOURS; i += THREADS) {
    let row = i / FOURS;
    let d = i % FOURS;
    if (j0 + row < KEYS) {
      keyTile[row * PITCH + d] = load4_k(keysAt(pair) + (j0 + row) * K_ROW + 4u * d);
      valueTile[row * PITCH + d] = load4_v(valuesAt(pair) + (j0 + row) * V_ROW + 4u * d);
    }
  }
}

// Queries and gradients of results from row t0 of a pair on, as many as there are.
fn loadQueries(lane: u32, pair: u32, t0: u32) {
  for (var i = lane; i < MET * FOURS; i += THREADS) {
    let t = t0 + i / FOURS;
    let d = i % FOURS;
    if (t < QUERIES) {
      let row = pair * QUERIES + t;
      queryTile[i / FOURS * PITCH + d] = load4_q(queryAt(row) + 4u * d);
      gradientTile[i / FOURS * PITCH + d] = load4_dy(resultAt(row) + 4u * d);
    }
  }
}

// How many keys the last of a group's queries sees, the same for all threads: no other sees more.
fn keysSeenByAny(lane: u32, pair: u32, t0: u32) -> u32 {
  return visibleKeys(lane, pair * QUERIES + min(t0 + OWN, u32(QUERIES)) - 1u);
}

// How many keys a thread's own query sees; none, where it has none.
fn keysSeenByOwn(own: u32, t0: u32, row: u32) -> u32 {
  if (own < OWN && t0 + own < QUERIES) { return keysSeenBy(row); }
  return 0u;
}

fn attentionTiles(group: u32, lane: u32) {
  let pair = group / TILES;
  let t0 = group % TILES * OWN;
  let end = keysSeenByAny(lane, pair, t0);
  // What this thread adds up.
  let own = lane / FOURS;
  let d = lane % FOURS;
  let row = pair * QUERIES + t0 + own;
  let visible = keysSeenByOwn(own, t0, row);
  var most = LOWEST;
  var sum = 0.0;
  var y = vec4<f32>();
  for (var j0 = 0u; j0 < end; j0 += MET) {
    loadKeys(lane, pair, j0);
    workgroupBarrier();
    for (var i = lane; i < OWN * MET; i += THREADS) {
      let t = t0 + i / MET;
      if (t < QUERIES) {
        let query = queryAt(pair * QUERIES + t);
        var dot = vec4<f32>();
        for (var f = 0u; f < FOURS; f++) { dot = fma(load4_q(query + 4u * f), keyTile[i % MET * PITCH + f], dot); }
        weightTile[i] = SCALE * sumFour(dot);
      }
    }
    workgroupBarrier();
    var higher = most;
    for (var i = 0u; i < MET && j0 + i < visible; i++) { higher = max(higher, weightTile[own * MET + i]); }
    if (d == 0u && own < OWN) { mosts[own] = higher; }
    workgroupBarrier();
    for (var i = lane; i < OWN * MET; i += THREADS) {
      let weight = exponential(weightTile[i] - mosts[i / MET]);
      weightTile[i] = weight;
      keptTile[i] = weight * keep(pair * QUERIES + t0 + i / MET, j0 + i % MET);
    }
    workgroupBarrier();
    let shrink = exponential(most - higher);
    most = higher;
    sum *= shrink;
    y *= shrink;
    for (var i = 0u; i < MET && j0 + i < visible; i++) {
      sum += weightTile[own * MET + i];
      y = fma(vec4<f32>(keptTile[own * MET + i]), valueTile[i * PITCH + d], y);
    }
    workgroupBarrier();
  }
  if (own >= OWN || t0 + own >= QUERIES) { return; }
  if (d == 0u) { store_lse(row, most + logarithm(sum)); }
  store4_y(resultAt(row) + 4u * d, select(y / sum, vec4<f32>(), visible == 0u));
}

fn attentionGradientQueryTiles(group: u32, lane: u32) {
  let pair = group / TILES;
  let t0 = group % TILES * OWN;
  let end = keysSeenByAny(lane, pair, t0);
  let own = lane / FOURS;
  let d = lane % FOURS;
  let row = pair * QUERIES + t0 + own;
  let visible = keysSeenByOwn(own, t0, row);
  var dq = vec4<f32>();
  for (var j0 = 0u; j0 < end; j0 += MET) {
    loadKeys(lane, pair, j0);
    workgroupBarrier();
    for (var i = lane; i < OWN * MET; i += THREADS) {
      let other = pair * QUERIES + t0 + i / MET;
      if (t0 + i / MET < QUERIES && j0 + i % MET < keysSeenBy(other)) {
        let query = queryAt(other);
        let result = resultAt(other);
        var dot = vec4<f32>();
        var slope = vec4<f32>();
        for (var f = 0u; f < FOURS; f++) {
          dot = fma(load4_q(query + 4u * f), keyTile[i % MET * PITCH + f], dot);
          slope = fma(load4_dy(result + 4u * f), valueTile[i % MET * PITCH + f], slope);
        }
        let weight = exponential(SCALE * sumFour(dot) - load_lse(other));
        slopeTile[i] = SCALE * weight * (keep(other, j0 + i % MET) * sumFour(slope) - load_delta(other));
      }
    }
    workgroupBarrier();
    for (var i = 0u; i < MET && j0 + i < visible; i++) {
      dq = fma(vec4<f32>(slopeTile[own * MET + i]), keyTile[i * PITCH + d], dq);
    }
    workgroupBarrier();
  }
  if (own < OWN && t0 + own < QUERIES) { store4_dq(resultAt(row) + 4u * d, dq); }
}

// Of keys and values, which lie as (B, KEYS, HEADS, WIDTH).
fn attentionGradientKeyTiles(group: u32, lane: u32) {
  let pair = group / TILES;
  let j0 = group % TILES * OWN;
  let own = lane / FOURS;
  let d = lane % FOURS;
  let begin = firstQuery(lane, pair, j0);
  var first = u32(QUERIES);
  if (own < OWN && j0 + own < KEYS) { first = firstQueryOf(pair, j0 + own); }
  var dk = vec4<f32>();
  var dv = vec4<f32>();
  for (var t0 = begin; t0 < QUERIES; t0 += MET) {
    loadQueries(lane, pair, t0);
    workgroupBarrier();
    for (var i = lane; i < OWN * MET; i += THREADS) {
      let j = j0 + i / MET;
      let t = t0 + i % MET;
      let row = pair * QUERIES + t;
      if (j < KEYS && t < QUERIES && j < keysSeenBy(row)) {
        let key = keysAt(pair) + j * K_ROW;
        let value = valuesAt(pair) + j * V_ROW;
        var dot = vec4<f32>();
        var slope = vec4<f32>();
        for (var f = 0u; f < FOURS; f++) {
          dot = fma(queryTile[i % MET * PITCH + f], load4_k(key + 4u * f), dot);
          slope = fma(gradientTile[i % MET * PITCH + f], load4_v(value + 4u * f), slope);
        }
        let kept = keep(row, j);
        let weight = exponential(SCALE * sumFour(dot) - load_lse(row));
        weightTile[i] = weight * kept;
        slopeTile[i] = SCALE * weight * (kept * sumFour(slope) - load_delta(row));
      }
    }
    workgroupBarrier();
    for (var i = max(first, t0) - t0; i < MET && t0 + i < QUERIES; i++) {
      dk = fma(vec4<f32>(slopeTile[own * MET + i]), queryTile[i * PITCH + d], dk);
      dv = fma(vec4<f32>(weightTile[own * MET + i]), gradientTile[i * PITCH + d], dv);
    }
    workgroupBarrier();
  }
  if (own >= OWN || j0 + own >= KEYS) { return; }
  let result = ((pair / HEADS * KEYS + j0 + own) * HEADS + pair % HEADS) * WIDTH + 4u * d;
  store4_dk(result, dk);
  store4_dv(result, dv);
}
