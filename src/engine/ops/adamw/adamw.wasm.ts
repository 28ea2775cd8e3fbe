import { address, firstUnit, float, int, madd, nmadd, storePart } from '../shared/kernel.wasm';

/** Argument i and the one after it as a float64. */
// @ts-ignore: decorator
@inline
function double(args: usize, i: i32): f64 {
  return load<f64>(args + (<usize>i << 2), 0, 4);
}

/** xⁿ for n ≥ 0, by squaring. */
function power(x: f64, n: i32): f64 {
  let result: f64 = 1;
  for (; n > 0; n >>= 1, x *= x) if (n & 1) result *= x;
  return result;
}

/**
 * parameter, gradient, m, v, learningRate, step, gradientScale, newParameter, newM, newV, n,
 * beta1, beta2, weightDecay (two words each), epsilon
 */
export function adamW(args: usize, thread: i32, threads: i32): void {
  const parameter = address(args, 0);
  const gradient = address(args, 1);
  const m = address(args, 2);
  const v = address(args, 3);
  const learningRate = <f64>load<f32>(address(args, 4));
  const step = load<i32>(address(args, 5));
  const gradientScale = v128.load32_splat(address(args, 6));
  const newParameter = address(args, 7);
  const newM = address(args, 8);
  const newV = address(args, 9);
  const n = int(args, 10);
  const beta1 = double(args, 11);
  const beta2 = double(args, 13);
  const decay = f32x4.splat(<f32>(1 - learningRate * double(args, 15)));
  const epsilon = f32x4.splat(float(args, 17));
  const b1 = f32x4.splat(<f32>beta1);
  const b2 = f32x4.splat(<f32>beta2);
  const a1 = f32x4.splat(<f32>(1 - beta1));
  const a2 = f32x4.splat(<f32>(1 - beta2));
  const rate = f32x4.splat(<f32>(learningRate / (1 - power(beta1, step))));
  const root = f32x4.splat(<f32>(1 / sqrt<f64>(1 - power(beta2, step))));
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  if (i >= end) return;
  // V8 moves what does not change only out of loops whose body always runs: without the test at the end it
  // would divide and take roots of the bias corrections for every vector.
  do {
    const at = <usize>i << 2;
    const g = f32x4.mul(v128.load(gradient + at), gradientScale);
    const mean = madd(g, a1, f32x4.mul(v128.load(m + at), b1));
    const square = madd(f32x4.mul(g, g), a2, f32x4.mul(v128.load(v + at), b2));
    const denominator = madd(f32x4.sqrt(square), root, epsilon);
    const decayed = f32x4.mul(v128.load(parameter + at), decay);
    storePart(newM + at, mean, n - i);
    storePart(newV + at, square, n - i);
    storePart(newParameter + at, nmadd(rate, f32x4.div(mean, denominator), decayed), n - i);
    i += 4;
  } while (i < end);
}
