import { firstUnit, madd, nmadd, storePart } from '../shared/kernel.wasm';

/** xⁿ for n ≥ 0, by squaring. */
function power(x: f64, n: i32): f64 {
  let result: f64 = 1;
  for (; n > 0; n >>= 1, x *= x) if (n & 1) result *= x;
  return result;
}

/** β₁, β₂ and the decay in double precision: 1 − βᵗ would lose too many digits in float32. */
export function adamw(
  thread: i32, threads: i32, parameter: usize, gradient: usize, m: usize, v: usize, learningRate: usize, step: usize,
  gradientScale: usize, newParameter: usize, newM: usize, newV: usize, n: i32, beta1: f64, beta2: f64,
  weightDecay: f64, epsilon: f32,
): void {
  const baseRate = <f64>load<f32>(learningRate);
  const t = load<i32>(step);
  const scale = v128.load32_splat(gradientScale);
  const decay = f32x4.splat(<f32>(1 - baseRate * weightDecay));
  const eps = f32x4.splat(epsilon);
  const b1 = f32x4.splat(<f32>beta1);
  const b2 = f32x4.splat(<f32>beta2);
  const a1 = f32x4.splat(<f32>(1 - beta1));
  const a2 = f32x4.splat(<f32>(1 - beta2));
  const rate = f32x4.splat(<f32>(baseRate / (1 - power(beta1, t))));
  const root = f32x4.splat(<f32>(1 / sqrt<f64>(1 - power(beta2, t))));
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  if (i >= end) return;
  // V8 moves what does not change only out of loops whose body always runs: without the test at the end it
  // would divide and take roots of the bias corrections for every vector.
  do {
    const at = <usize>i << 2;
    const g = f32x4.mul(v128.load(gradient + at), scale);
    const mean = madd(g, a1, f32x4.mul(v128.load(m + at), b1));
    const square = madd(f32x4.mul(g, g), a2, f32x4.mul(v128.load(v + at), b2));
    const denominator = madd(f32x4.sqrt(square), root, eps);
    const decayed = f32x4.mul(v128.load(parameter + at), decay);
    storePart(newM + at, mean, n - i);
    storePart(newV + at, square, n - i);
    storePart(newParameter + at, nmadd(rate, f32x4.div(mean, denominator), decayed), n - i);
    i += 4;
  } while (i < end);
}
