// Functions of elements. A kernel walks, `apply` is one of the functions.

fn map(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i < N) { store_y(i, apply(load_x(i))); }
}

fn mapGradient(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i < N) { store_dx(i, apply(load_x(i), load_dy(i))); }
}

// Of operands with any strides.
fn combine(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i < N) { store_y(i, apply(load_a(at_a(i)), load_b(at_b(i)))); }
}

fn maskedFill(group: u32, lane: u32) {
  let i = group * THREADS + lane;
  if (i < N) { set_bits_y(i, select(VALUE_BITS, bits_x(at_x(i)), load_mask(at_mask(i)) == 0)); }
}

fn add(a: f32, b: f32) -> f32 {
  return a + b;
}

fn addIntegers(a: i32, b: i32) -> i32 {
  return a + b;
}

fn sub(a: f32, b: f32) -> f32 {
  return a - b;
}

fn mul(a: f32, b: f32) -> f32 {
  return a * b;
}

fn mulIntegers(a: i32, b: i32) -> i32 {
  return a * b;
}

fn div(a: f32, b: f32) -> f32 {
  return a / b;
}

fn neg(x: f32) -> f32 {
  return -x;
}

fn squareRoot(x: f32) -> f32 {
  return select(sqrt(x), ofBits(0x7fc00000u), x < 0.0);
}

fn relu(x: f32) -> f32 {
  return select(x, 0.0, x <= 0.0); // NaN stays
}

fn reluGradient(x: f32, dy: f32) -> f32 {
  return select(0.0, dy, x > 0.0);
}

fn reluSquared(x: f32) -> f32 {
  let y = relu(x);
  return y * y;
}

fn reluSquaredGradient(x: f32, dy: f32) -> f32 {
  return 2.0 * relu(x) * dy;
}

fn gelu(x: f32) -> f32 {
  return x * normalDistribution(x);
}

// dy · (Φ(x) + x · φ(x))
fn geluGradient(x: f32, dy: f32) -> f32 {
  let density = exponential(-0.5 * x * x) * 0.3989422804014327;
  return dy * fma(x, density, normalDistribution(x));
}

// x · σ(2 √(2/π) (x + 0.044715 x³)): beyond ±10 σ is 0 or 1
fn geluGate(x: f32) -> f32 {
  let z = clamp(x, -10.0, 10.0);
  return z * fma(z * z, 0.07135481627260025, 1.5957691216057308);
}

fn geluTanh(x: f32) -> f32 {
  return x * sigmoid(geluGate(x));
}

// dy · (σ(g) + x · σ(g) · σ(−g) · g′)
fn geluTanhGradient(x: f32, dy: f32) -> f32 {
  let g = geluGate(x);
  let z = clamp(x, -10.0, 10.0);
  let slope = fma(z * z, 0.21406444881780076, 1.5957691216057308);
  return dy * fma(x * sigmoid(g) * sigmoid(-g), slope, sigmoid(g));
}

// 1 / (1 + e⁻ˣ), origin e to the power of −|x|, which cannot overflow
fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

fn square(x: f32) -> f32 {
  return x * x;
}
