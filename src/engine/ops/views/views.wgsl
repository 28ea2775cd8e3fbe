// Moving elements, whatever their type.

fn contiguous(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i < N) { set_bits_y(i, bits_x(at_x(i))); }
}

// Rows of x, of LENGTH, shifted by BEFORE in rows of y, of WIDTH.
fn pad(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let origin = i32(i % WIDTH) - BEFORE;
  if (origin >= 0 && origin < LENGTH) { set_bits_y(i, bits_x(i / WIDTH * LENGTH + u32(origin))); }
  else { set_bits_y(i, VALUE_BITS); }
}

// Rows of x, of LENGTH, from START on in rows of y, of WIDTH.
fn concat(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i < N) { set_bits_y(i / LENGTH * WIDTH + START + i % LENGTH, bits_x(i)); }
}

fn fillZero(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i < N) { set_bits_y(i, 0u); }
}
