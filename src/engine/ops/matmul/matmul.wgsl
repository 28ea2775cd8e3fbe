// Matrix products C = A · B (+ bias) by tiles of TILE × TILE, of which each thread computes 4 × 4. Terms are added in
// order of k, so that the result does not depend on TILE. Sizes come in `sizes`, since a kernel for each shape would
// have to be compiled: rows and columns of C, terms, and the strides of A and of B, down and across.

const TILE_K = 16;

var<workgroup> tileA: array<f32, TILE * TILE_K>;
var<workgroup> tileB: array<f32, TILE_K * TILE>;
var<workgroup> terms: u32;

fn size(i: u32) -> u32 {
  return bits_sizes(i);
}

fn matmul(group: u32, lane: u32) {
  let rows = size(0u);
  let columns = size(1u);
  if (lane == 0u) { terms = size(2u); }
  let k1 = workgroupUniformLoad(&terms);
  let across = (columns + TILE - 1u) / TILE;
  let tiles = across * ((rows + TILE - 1u) / TILE);
  let batch = group / tiles;
  let row0 = group % tiles / across * TILE;
  let column0 = group % tiles % across * TILE;
  let startA = at_a(batch);
  let startB = at_b(batch);
  let r = lane / (TILE / 4) * 4;
  let c = lane % (TILE / 4) * 4;
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var c2 = vec4<f32>();
  var c3 = vec4<f32>();
  for (var k0 = 0u; k0 < k1; k0 += TILE_K) {
    // What lies side by side in memory is loaded by neighbours.
    for (var i = lane; i < TILE * TILE_K; i += THREADS) {
      var row = i / TILE_K;
      var k = i % TILE_K;
      if (A_BY_COLUMNS == 1) {
        row = i % TILE;
        k = i / TILE;
      }
      var value = 0.0;
      if (row0 + row < rows && k0 + k < k1) { value = load_a(startA + (row0 + row) * size(3u) + (k0 + k) * size(4u)); }
      tileA[k * TILE + row] = value;
    }
    for (var i = lane; i < TILE * TILE_K; i += THREADS) {
      var column = i % TILE;
      var k = i / TILE;
      if (B_BY_COLUMNS == 1) {
        column = i / TILE_K;
        k = i % TILE_K;
      }
      var value = 0.0;
      if (column0 + column < columns && k0 + k < k1) {
        value = load_b(startB + (k0 + k) * size(5u) + (column0 + column) * size(6u));
      }
      tileB[k * TILE + column] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      let at = k * TILE + c;
      let b = vec4<f32>(tileB[at], tileB[at + 1u], tileB[at + 2u], tileB[at + 3u]);
      let row = k * TILE + r;
      c0 = fma(vec4<f32>(tileA[row]), b, c0);
      c1 = fma(vec4<f32>(tileA[row + 1u]), b, c1);
      c2 = fma(vec4<f32>(tileA[row + 2u]), b, c2);
      c3 = fma(vec4<f32>(tileA[row + 3u]), b, c3);
    }
    workgroupBarrier();
  }
  storeRow(batch, row0 + r, column0 + c, c0);
  storeRow(batch, row0 + r + 1u, column0 + c, c1);
  storeRow(batch, row0 + r + 2u, column0 + c, c2);
  storeRow(batch, row0 + r + 3u, column0 + c, c3);
}

// What of four neighbours lies within the matrix, with the bias if there is one.
fn storeRow(batch: u32, row: u32, column: u32, values: vec4<f32>) {
  let columns = size(1u);
  if (row >= size(0u)) { return; }
  let at = (batch * size(0u) + row) * columns + column;
  for (var i = 0u; i < 4u && column + i < columns; i++) {
    var value = values[i];
    if (BIASED == 1) { value += load_bias(column + i); }
    store_c(at + i, value);
  }
}
