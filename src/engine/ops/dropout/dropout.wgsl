// A thread for four elements, which share their random words.
fn dropout(group: u32, lane: u32) {
  let block = group * THREADS + lane;
  if (4u * block >= N) { return; }
  let mask = dropMask(block, 0u);
  for (var i = 0u; i < 4u && 4u * block + i < N; i++) { store_y(4u * block + i, load_x(4u * block + i) * mask[i]); }
}
