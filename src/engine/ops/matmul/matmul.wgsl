// Matrix products C = A · B (+ bias) by tiles of TILE_ROWS × TILE_COLUMNS, of which each thread computes THREAD_ROWS (4
// or 8) × 4. Terms are added in order of k, so that the result does not depend on the tile. Sizes come in `sizes`, since
// a kernel for each shape would have to be compiled: rows and columns of C, terms, and the strides of A and of B, down
// and across.

const TILE_K = 16;

var<workgroup> tileA: array<f32, TILE_ROWS * TILE_K>;
var<workgroup> tileB: array<f32, TILE_K * TILE_COLUMNS>;
var<workgroup> terms: u32;

fn size(i: u32) -> u32 {
  return bits_sizes(i);
}

fn matmul(group: u32, lane: u32) {
  let rows = size(0u);
  let columns = size(1u);
  if (lane == 0u) { terms = size(2u); }
  let k1 = workgroupUniformLoad(&terms);
  let across = (columns + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tiles = across * ((rows + TILE_ROWS - 1u) / TILE_ROWS);
  let batch = group / tiles;
  let row0 = group % tiles / across * TILE_ROWS;
  let column0 = group % tiles % across * TILE_COLUMNS;
  let startA = at_a(batch);
  let startB = at_b(batch);
  let r = lane / (TILE_COLUMNS / 4) * THREAD_ROWS;
  let c = lane % (TILE_COLUMNS / 4) * 4;
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var c2 = vec4<f32>();
  var c3 = vec4<f32>();
  var c4 = vec4<f32>();
  var c5 = vec4<f32>();
  var c6 = vec4<f32>();
  var c7 = vec4<f32>();
  for (var k0 = 0u; k0 < k1; k0 += TILE_K) {
    // What lies side by side in memory is loaded by neighbours.
    for (var i = lane; i < TILE_ROWS * TILE_K; i += THREADS) {
      var row = i / TILE_K;
      var k = i % TILE_K;
      if (A_BY_COLUMNS == 1) {
        row = i % TILE_ROWS;
        k = i / TILE_ROWS;
      }
      var value = 0.0;
      if (row0 + row < rows && k0 + k < k1) { value = load_a(startA + (row0 + row) * size(3u) + (k0 + k) * size(4u)); }
      tileA[k * TILE_ROWS + row] = value;
    }
    for (var i = lane; i < TILE_COLUMNS * TILE_K; i += THREADS) {
      var column = i % TILE_COLUMNS;
      var k = i / TILE_COLUMNS;
      if (B_BY_COLUMNS == 1) {
        column = i / TILE_K;
        k = i % TILE_K;
      }
      var value = 0.0;
      if (column0 + column < columns && k0 + k < k1) {
        value = load_b(startB + (k0 + k) * size(5u) + (column0 + column) * size(6u));
      }
      tileB[k * TILE_COLUMNS + column] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      let at = k * TILE_COLUMNS + c;
      let b = vec4<f32>(tileB[at], tileB[at + 1u], tileB[at + 2u], tileB[at + 3u]);
      let row = k * TILE_ROWS + r;
      c0 = fma(vec4<f32>(tileA[row]), b, c0);
      c1 = fma(vec4<f32>(tileA[row + 1u]), b, c1);
      c2 = fma(vec4<f32>(tileA[row + 2u]), b, c2);
      c3 = fma(vec4<f32>(tileA[row + 3u]), b, c3);
      if (THREAD_ROWS == 8) {
        c4 = fma(vec4<f32>(tileA[row + 4u]), b, c4);
        c5 = fma(vec4<f32>(tileA[row + 5u]), b, c5);
        c6 = fma(vec4<f32>(tileA[row + 6u]), b, c6);
        c7 = fma(vec4<f32>(tileA[row + 7u]), b, c7);
      }
    }
    workgroupBarrier();
  }
  storeRow(batch, row0 + r, column0 + c, c0);
  storeRow(batch, row0 + r + 1u, column0 + c, c1);
  storeRow(batch, row0 + r + 2u, column0 + c, c2);
  storeRow(batch, row0 + r + 3u, column0 + c, c3);
  if (THREAD_ROWS == 8) {
    storeRow(batch, row0 + r + 4u, column0 + c, c4);
    storeRow(batch, row0 + r + 5u, column0 + c, c5);
    storeRow(batch, row0 + r + 6u, column0 + c, c6);
    storeRow(batch, row0 + r + 7u, column0 + c, c7);
  }
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
