// Pairs of elements i and i + HALF of a head turn by an angle that grows with the token's position.
// Each sequence begins at one of its own if EACH is 1.

// (cos, sin) of a share of a full turn in units of 2⁻³²: whole turns are lost in the word's overflow, which is exact.
// Within an eighth of a turn by Taylor's series, to 1e-7.
fn direction(turn: u32) -> vec2<f32> {
  let quarter = (turn + 0x20000000u) >> 30u;
  let x = f32(bitcast<i32>(turn - (quarter << 30u))) * 1.4629180792671596e-9; // 2π / 2³²
  let z = x * x;
  let sine = x * fma(z, fma(z, fma(z, -0.0001984126984, 0.0083333333333), -0.1666666666667), 1.0);
  let cosine = fma(z, fma(z, fma(z, fma(z, 0.0000248015873, -0.0013888888889), 0.0416666666667), -0.5), 1.0);
  let turned = select(vec2<f32>(cosine, sine), vec2<f32>(-sine, cosine), (quarter & 1u) == 1u);
  return select(turned, -turned, quarter >= 2u);
}

fn rotary(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i >= N) { return; }
  let row = i / HALF;
  let column = i % HALF;
  let place = load_position(row / HEADS / TOKENS * EACH) + i32(row / HEADS % TOKENS);
  let turn = direction(bitcast<u32>(DIRECTION * place) * bits_speeds(column));
  let at = at_x(row) + column;
  let a = load_x(at);
  let b = load_x(at + HALF);
  let to = row * HALF * 2 + column;
  store_y(to, a * turn.x - b * turn.y);
  store_y(to + HALF, b * turn.x + a * turn.y);
}
