// Elementary functions, as in math.wasm.ts: WGSL promises too little of its own (tanh and log to 1e-5 near zero), and
// these are the same on every adapter. What is infinite or NaN is told by its bits, since WGSL promises neither.

const SIGN = 0x80000000u;
const INFINITY = 0x7f800000u;

fn isNan(bits: u32) -> bool {
  return (bits & 0x7fffffffu) > INFINITY;
}

fn isFinite(bits: u32) -> bool {
  return (bits & INFINITY) != INFINITY;
}

// The bits go through a variable, so that the compiler does not see a constant that it must refuse.
fn ofBits(bits: u32) -> f32 {
  var word = bits;
  return bitcast<f32>(word);
}

// eˣ to 2 ulp: 0 below −104, ∞ above 88.73, NaN of NaN.
fn exponential(x: f32) -> f32 {
  let c = clamp(x, -104.0, 89.0);
  // x = n · ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two parts, so that n · ln 2 is exact
  let n = round(c * 1.4426950408889634);
  let r = fma(-n, 1.4286068203094172e-6, fma(-n, 0.693145751953125, c));
  var p = 0.0013926181810489343;
  p = fma(p, r, 0.008363177629994445);
  p = fma(p, r, 0.041666554627878084);
  p = fma(p, r, 0.16666576998242924);
  p = fma(p, r, 0.5);
  p = fma(p * r, r, r + 1.0);
  // 2ⁿ in two factors, so that neither leaves the range
  let half = i32(n) >> 1u;
  let y = p * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(i32(n) - half + 127) << 23u);
  return select(y, x, isNan(bitcast<u32>(x)));
}

// The natural logarithm to 3e-7 relative; −∞ of 0, NaN of what is negative.
fn logarithm(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let subnormal = x < 1.1754943508222875e-38;
  let v = bitcast<i32>(select(x, x * 8388608.0, subnormal));
  // v = 2ᵉ · m with √½ ≤ m < √2: the bits above those of √½ count powers of two
  let power = (v - 0x3f3504f3) >> 23u;
  let m = bitcast<f32>(v - (power << 23u));
  let e = f32(power - select(0, 23, subnormal));
  // ln m = 2 artanh s = 2s + s³ · P(s²) with s = (m − 1) / (m + 1)
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  var p = 0.29870936274528503;
  p = fma(p, z, 0.39977574348449707);
  p = fma(p, z, 0.6666677594184875);
  p = fma(s * z, p, e * -2.1219444e-4);
  let y = fma(e, 0.693359375, s + s + p);
  if ((bits & ~SIGN) == 0u) { return ofBits(SIGN | INFINITY); }
  if (bits > INFINITY) { return ofBits(0x7fc00000u); }
  return select(y, x, bits == INFINITY);
}

// The hyperbolic tangent to 4e-7 relative: z · P(z²) / Q(z²), constant beyond ±9.
fn tangent(x: f32) -> f32 {
  let z = clamp(x, -9.0, 9.0);
  let t = z * z;
  var p = 1.331910496462808e-8;
  p = fma(p, t, 2.058350707652453e-5);
  p = fma(p, t, 0.0034940362120611636);
  p = fma(p, t, 0.13379719359737072);
  p = fma(p, t, 0.9999999790240953);
  var q = 7.762033547695363e-7;
  q = fma(q, t, 0.0003283095483043479);
  q = fma(q, t, 0.025871079571964637);
  q = fma(q, t, 0.4671303460213377);
  q = fma(q, t, 1.0);
  return select(clamp(z * p / q, -1.0, 1.0), x, isNan(bitcast<u32>(x)));
}

// Φ, the distribution function of the standard normal, by the error function: z · P(z²) / Q(z²), constant beyond ±3.92.
fn normalDistribution(x: f32) -> f32 {
  let z = clamp(x * 0.7071067811865476, -3.92, 3.92);
  let t = z * z;
  var p = 2.050074726867024e-6;
  p = fma(p, t, 0.0002848855219781399);
  p = fma(p, t, 0.003765719709917903);
  p = fma(p, t, 0.052749037742614746);
  p = fma(p, t, 0.19040879607200623);
  p = fma(p, t, 1.1283791065216064);
  var q = 3.809173358604312e-5;
  q = fma(q, t, 0.0011625614715740085);
  q = fma(q, t, 0.014969419687986374);
  q = fma(q, t, 0.1141100823879242);
  q = fma(q, t, 0.502078115940094);
  q = fma(q, t, 1.0);
  return select(fma(z * p / q, 0.5, 0.5), x, isNan(bitcast<u32>(x)));
}

// Φ(x) + x · φ(x), the slope of GELU: at −a it is e^(−a²/2) · (k · P(k) − a / √2π), at a one minus that. Constant beyond ±6.
fn geluSlope(x: f32) -> f32 {
  let a = min(abs(x), 6.0);
  let k = 1.0 / fma(a, 0.325, 1.0);
  var p = 0.046044763177633286;
  p = fma(p, k, -0.2321983426809311);
  p = fma(p, k, 0.3713710606098175);
  p = fma(p, k, -0.12820054590702057);
  p = fma(p, k, 0.1995508372783661);
  p = fma(p, k, 0.11225429177284241);
  p = fma(p, k, 0.13117793202400208);
  let below = exponential(-0.5 * a * a) * fma(a, -0.3989422804014327, p * k);
  return select(select(1.0 - below, below, x < 0.0), x, isNan(bitcast<u32>(x)));
}
