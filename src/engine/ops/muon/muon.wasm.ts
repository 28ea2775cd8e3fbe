import { address, firstUnit, int, madd, nmadd, storePart, Words } from '../shared/kernel.wasm';

// Several matrices of one size: each thread takes its part of every one.

/** `tables`: for each matrix the addresses of m, of its gradient and of the new m, of n floats each. */
export function muonMomentum(
  thread: i32, threads: i32, momentum: usize, gradientScale: usize, directions: usize, n: i32, matrices: i32,
  tables: Words,
): void {
  const mu = v128.load32_splat(momentum);
  const share = f32x4.splat((1 - load<f32>(momentum)) * load<f32>(gradientScale));
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let k = 0; k < matrices; k++) {
    const m = address(tables, 3 * k);
    const gradient = address(tables, 3 * k + 1);
    const newM = address(tables, 3 * k + 2);
    const direction = directions + (<usize>(k * n) << 2);
    for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
      const at = <usize>i << 2;
      const part = f32x4.mul(share, v128.load(gradient + at));
      const mean = madd(mu, v128.load(m + at), part);
      storePart(newM + at, mean, n - i);
      storePart(direction + at, madd(mu, mean, part), n - i);
    }
  }
}

/** `tables`: for each stack its address and number of matrices (r × r). */
export function normalizeGrams(
  thread: i32, threads: i32, grams: usize, scales: usize, r: i32, epsilon: f32, stacks: i32, tables: Words,
): void {
  const bytes = <usize>(r * r) << 2;
  const start = firstUnit(r * r, 16, thread, threads);
  const end = firstUnit(r * r, 16, thread + 1, threads);
  let to = grams;
  for (let stack = 0; stack < stacks; stack++) {
    let from = address(tables, 2 * stack);
    for (let k = int(tables, 2 * stack + 1); k > 0; k--, scales += 4, from += bytes, to += bytes) {
      let trace: f32 = 0;
      for (let i = 0; i < r; i++) trace += load<f32>(from + (<usize>(i * r + i) << 2));
      const scale = <f32>1 / (sqrt<f32>(trace) + epsilon);
      if (thread == 0) store<f32>(scales, scale);
      const squared = f32x4.splat(scale * scale);
      for (let i = start; i < end; i += 4) {
        const at = <usize>i << 2;
        storePart(to + at, f32x4.mul(squared, v128.load(from + at)), r * r - i);
      }
    }
  }
}

/** `tables`: for each matrix the addresses of the parameter and of the new one, of n floats each. */
export function muonUpdate(
  thread: i32, threads: i32, directions: usize, scales: usize, learningRate: usize, weightDecay: f32, factor: f32,
  n: i32, matrices: i32, tables: Words,
): void {
  const rate = load<f32>(learningRate);
  const decay = f32x4.splat(1 - rate * weightDecay);
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let k = 0; k < matrices; k++) {
    const step = f32x4.splat(rate * factor * load<f32>(scales + (<usize>k << 2)));
    const parameter = address(tables, 2 * k);
    const newParameter = address(tables, 2 * k + 1);
    const direction = directions + (<usize>(k * n) << 2);
    for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
      const at = <usize>i << 2;
      const decayed = f32x4.mul(v128.load(parameter + at), decay);
      storePart(newParameter + at, nmadd(step, v128.load(direction + at), decayed), n - i);
    }
  }
}
