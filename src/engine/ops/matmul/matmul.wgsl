// Matrix products C = A · B by tiles of TILE × TILE, of which each thread computes 4 × 4. Terms are added in order of k,
// so that the result does not depend on TILE.

const TILE_K = 16;

var<workgroup> tileA: array<f32, TILE * TILE_K>;
var<workgroup> tileB: array<f32, TILE_K * TILE>;

fn matmul(group: u32, lane: u32) {
  const across = (COLUMNS + TILE - 1) / TILE;
  const tiles = across * ((ROWS + TILE - 1) / TILE);
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
  for (var k0 = 0u; k0 < TERMS; k0 += TILE_K) {
    for (var i = lane; i < TILE * TILE_K; i += THREADS) {
      // Neighbours of a tile are loaded by neighbours, whichever way the matrix lies.
      let row = select(i / TILE_K, i % TILE, A_DOWN == 1);
      let k = select(i % TILE_K, i / TILE, A_DOWN == 1);
      var value = 0.0;
      if (row0 + row < ROWS && k0 + k < TERMS) { value = load_a(startA + (row0 + row) * A_DOWN + (k0 + k) * A_ACROSS); }
      tileA[k * TILE + row] = value;
    }
    for (var i = lane; i < TILE * TILE_K; i += THREADS) {
      let column = select(i % TILE, i / TILE_K, B_DOWN == 1);
      let k = select(i / TILE, i % TILE_K, B_DOWN == 1);
      var value = 0.0;
      if (column0 + column < COLUMNS && k0 + k < TERMS) {
        value = load_b(startB + (k0 + k) * B_DOWN + (column0 + column) * B_ACROSS);
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
  if (row >= ROWS) { return; }
  let at = (batch * ROWS + row) * COLUMNS;
  for (var i = 0u; i < 4u && column + i < COLUMNS; i++) {
    var value = values[i];
    if (BIASED == 1) { value += load_bias(column + i); }
    store_c(at + column + i, value);
  }
}
