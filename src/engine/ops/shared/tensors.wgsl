// Where in `table` the row of the tensor begins that `group` works on: the last whose first group is not after it.
fn rowOf(group: u32) -> u32 {
  var low = 0u;
  var high = u32(TENSORS);
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (bits_table(middle * ROW) <= group) { low = middle; } else { high = middle; }
  }
  return low * ROW;
}

// The first element that `group` works on, of the tensor that `row` tells of; and where these end.
fn firstOf(group: u32, row: u32) -> u32 {
  return (group - bits_table(row)) * BLOCK;
}

fn endOf(group: u32, row: u32) -> u32 {
  return min(firstOf(group, row) + BLOCK, bits_table(row + 1u));
}
