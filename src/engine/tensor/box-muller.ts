// Normal numbers sixteen at a time, equal to PyTorch's on x86-64 to the last bit.
//
// PyTorch computes them with AVX2 in float32, with the polynomials of the Cephes library (Moshier,
// `logf.c` and `sinf.c`) for log, sin and cos, and its compiler contracts a product whose only use is a
// sum into a fused multiply-add. Here is the same arithmetic: the same operations in the same order,
// each rounded to float32. The sixteen are two rows of eight: row 0 gives the radii, row 1 the angles.

const { fround } = Math;

const SQRT_HALF = fround(Math.SQRT1_2);
const TWO_PI = fround(2 * Math.PI);
const FOUR_OVER_PI = fround(4 / Math.PI);

// log(1 + x) = x − x²/2 + x³·P(x) for √½ ≤ 1 + x < √2, highest power first.
const LOG = Float32Array.of(
  ...[7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1],
  ...[-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1],
);
// ln 2 in two parts; multiples of the first are exact.
const LN2_HIGH = fround(0.693359375);
const LN2_LOW = fround(-2.1219444e-4);

// π/4 in three parts; small multiples of the first two are exact.
const QUARTER_PI_HIGH = fround(-0.78515625);
const QUARTER_PI_MIDDLE = fround(-2.4187564849853516e-4);
const QUARTER_PI_LOW = fround(-3.774894977445941e-8);
// sin x = x + x³·S(x²) and cos x = 1 − x²/2 + x⁴·C(x²) for |x| ≤ π/4.
const SIN = Float32Array.of(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1);
const COS = Float32Array.of(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2);

/**
 * a·b + c in float32. The product of two float32 numbers is exact in float64, so only the sum is rounded
 * twice instead of once. That never changes a logarithm, cosine or sine, as the test over all 2^24 uniforms
 * shows, nor adding a mean of 0; another mean it can move by one last bit, about once in 2^29 sums.
 */
function fma(a: number, b: number, c: number): number {
  return fround(a * b + c);
}

/** The polynomial's value at x, by Horner's rule. */
function horner(coefficients: Float32Array, x: number): number {
  let y = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) y = fma(y, x, coefficients[i]!);
  return y;
}

/** The logarithm of k·2^−24 in float32, for an integer k from 1 to 2^24. */
function logUniform(k: number): number {
  // k·2^−24 = mantissa·2^exponent with ½ ≤ mantissa < 1.
  const bits = 32 - Math.clz32(k);
  const mantissa = k / (1 << bits);
  const small = mantissa < SQRT_HALF;
  const exponent = small ? bits - 25 : bits - 24;
  const x = small ? mantissa + mantissa - 1 : mantissa - 1; // exact

  const xx = fround(x * x);
  let y = fround(horner(LOG, x) * x);
  y = fma(y, xx, fround(exponent * LN2_LOW));
  y = fma(xx, -0.5, y);
  return fma(exponent, LN2_HIGH, fround(x + y));
}

/**
 * Replaces 16 uniform random integers in [0, 2^24) at `offset` by 16 normal random numbers of the given
 * mean and standard deviation (float32 numbers both), by the transform of Box and Muller (1958).
 */
export function boxMuller16(values: Float32Array, offset: number, mean: number, std: number): void {
  for (let i = offset; i < offset + 8; i++) {
    const radius = fround(Math.sqrt(-2 * logUniform(2 ** 24 - values[i]!)));
    const theta = fround(TWO_PI * (values[i + 8]! * 2 ** -24));

    // theta = x + octant·π/4 with an even octant from 0 to 8 and |x| ≤ π/4.
    const octant = (Math.trunc(fround(theta * FOUR_OVER_PI)) + 1) & ~1;
    let x = fma(octant, QUARTER_PI_HIGH, theta);
    x = fma(octant, QUARTER_PI_MIDDLE, x);
    x = fma(octant, QUARTER_PI_LOW, x);

    const xx = fround(x * x);
    const cosine = fround(fma(fround(horner(COS, xx) * xx), xx, -0.5 * xx) + 1);
    const sine = fma(fround(horner(SIN, xx) * xx), x, x);

    const swapped = (octant & 2) !== 0;
    const cosTheta = octant === 2 || octant === 4 ? (swapped ? -sine : -cosine) : swapped ? sine : cosine;
    const sinTheta = octant === 4 || octant === 6 ? (swapped ? -cosine : -sine) : swapped ? cosine : sine;
    values[i] = fma(fround(radius * cosTheta), std, mean);
    values[i + 8] = fma(fround(radius * sinTheta), std, mean);
  }
}
