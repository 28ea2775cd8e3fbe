import { address, firstUnit, float, int, madd, nmadd, storePart } from '../shared/kernel.wasm';

// Several matrices of one size: each thread takes its part of every one.

/** directions, momentum, gradientScale, n, matrices, then for each m, gradient, new m (n floats each) */
export function muonMomentum(args: usize, thread: i32, threads: i32): void {
  const directions = address(args, 0);
  const momentum = load<f32>(address(args, 1));
  const mu = f32x4.splat(momentum);
  const share = f32x4.splat((1 - momentum) * load<f32>(address(args, 2)));
  const n = int(args, 3);
  const matrices = int(args, 4);
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let k = 0; k < matrices; k++) {
    const m = address(args, 5 + 3 * k);
    const gradient = address(args, 6 + 3 * k);
    const newM = address(args, 7 + 3 * k);
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

/** grams, scales, r, epsilon, stacks, then for each its address and number of matrices (r × r) */
export function normalizeGrams(args: usize, thread: i32, threads: i32): void {
  const r = int(args, 2);
  const epsilon = float(args, 3);
  const stacks = int(args, 4);
  const bytes = <usize>(r * r) << 2;
  const start = firstUnit(r * r, 16, thread, threads);
  const end = firstUnit(r * r, 16, thread + 1, threads);
  let to = address(args, 0);
  let scales = address(args, 1);
  for (let stack = 0; stack < stacks; stack++) {
    let from = address(args, 5 + 2 * stack);
    for (let k = int(args, 6 + 2 * stack); k > 0; k--) {
      let trace: f32 = 0;
      for (let i = 0; i < r; i++) trace += load<f32>(from + (<usize>(i * r + i) << 2));
      const scale = <f32>1 / (sqrt<f32>(trace) + epsilon);
      if (thread == 0) store<f32>(scales, scale);
      const squared = f32x4.splat(scale * scale);
      for (let i = start; i < end; i += 4) {
        const at = <usize>i << 2;
        storePart(to + at, f32x4.mul(squared, v128.load(from + at)), r * r - i);
      }
      scales += 4;
      from += bytes;
      to += bytes;
    }
  }
}

/** directions, scales, learningRate, weightDecay, factor, n, matrices, then for each parameter, new parameter */
export function muonUpdate(args: usize, thread: i32, threads: i32): void {
  const directions = address(args, 0);
  const scales = address(args, 1);
  const rate = load<f32>(address(args, 2));
  const decay = f32x4.splat(1 - rate * float(args, 3));
  const n = int(args, 5);
  const matrices = int(args, 6);
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let k = 0; k < matrices; k++) {
    const step = f32x4.splat(rate * float(args, 4) * load<f32>(scales + (<usize>k << 2)));
    const parameter = address(args, 7 + 2 * k);
    const newParameter = address(args, 8 + 2 * k);
    const direction = directions + (<usize>(k * n) << 2);
    for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
      const at = <usize>i << 2;
      const decayed = f32x4.mul(v128.load(parameter + at), decay);
      storePart(newParameter + at, nmadd(step, v128.load(direction + at), decayed), n - i);
    }
  }
}
