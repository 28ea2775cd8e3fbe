// Rows `position` … of y (B, PLACES, WIDTH) become those of the update (B, LENGTH, WIDTH).
fn cacheWrite(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let row = i / WIDTH;
  let place = load_position(0u) + i32(row % LENGTH);
  if (place >= 0 && place < PLACES) {
    set_bits_y((row / LENGTH * PLACES + u32(place)) * WIDTH + i % WIDTH, bits_update(i));
  }
}
