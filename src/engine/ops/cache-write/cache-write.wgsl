// Rows `position` … of the first sequences of y (B, PLACES, WIDTH) become those of the update (b, LENGTH, WIDTH).
// Each stands at a position of its own if EACH is 1.
fn cacheWrite(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let row = i / WIDTH;
  let sequence = row / LENGTH;
  let place = load_position(sequence * EACH) + i32(row % LENGTH);
  if (place >= 0 && place < PLACES) {
    set_bits_y((sequence * PLACES + u32(place)) * WIDTH + i % WIDTH, bits_update(i));
  }
}
