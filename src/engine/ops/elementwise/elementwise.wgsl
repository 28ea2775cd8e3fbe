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

fn geluGradient(x: f32, dy: f32) -> f32 {
  return dy * geluSlope(x);
}

// 2u = √(8/π) · (x + 0.044715 x³): GELU by tanh is x · σ(2u), since (1 + tanh u) / 2 = σ(2u). Beyond ±100, where it has
// long become x or 0, x³ might overflow.
fn gate(x: f32) -> f32 {
  let z = clamp(x, -100.0, 100.0);
  return z * fma(z * z, 0.07135481627260025, 1.5957691216057308);
}

fn geluTanh(x: f32) -> f32 {
  return x * sigmoid(gate(x));
}

// dy · (σ + x · σ′ · 2u′), σ′ = e / (1 + e)² of e = e^(−|2u|)
fn geluTanhGradient(x: f32, dy: f32) -> f32 {
  let z = clamp(x, -100.0, 100.0);
  let e = exponential(-abs(gate(x)));
  let r = 1.0 / (1.0 + e);
  let slope = fma(z * z, 0.21406444881780076, 1.5957691216057308);
  let y = fma(z * slope * e * r, r, select(r, e * r, z < 0.0));
  return dy * select(y, x, isNan(bitcast<u32>(x)));
}

// 1 / (1 + e⁻ˣ), from e to the power of −|x|, which cannot overflow
fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

fn square(x: f32) -> f32 {
  return x * x;
}
