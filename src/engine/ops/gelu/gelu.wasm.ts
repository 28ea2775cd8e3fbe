import { address, firstUnit, int, loadPart, madd, storePart } from '../shared/kernel.wasm';
import { exp4, phi4 } from '../shared/math.wasm';

/** dy · (Φ(x) + x · φ(x)) */
// @ts-ignore: decorator
@inline
function gradient(x: v128, dy: v128): v128 {
  const density = f32x4.mul(
    exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))),
    f32x4.splat(0.3989422804014327), // 1 / √2π
  );
  return f32x4.mul(dy, madd(x, density, phi4(x)));
}

/** x, y, n */
export function gelu(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const n = int(args, 2);
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  for (; i + 8 <= end; i += 8) {
    const at = <usize>i << 2;
    const v0 = v128.load(x + at);
    const v1 = v128.load(x + at, 16);
    const y0 = f32x4.mul(v0, phi4(v0));
    const y1 = f32x4.mul(v1, phi4(v1));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
  }
  for (; i < end; i += 4) {
    const at = <usize>i << 2;
    const v = loadPart(x + at, end - i);
    storePart(y + at, f32x4.mul(v, phi4(v)), end - i);
  }
}

/** x, dy, dx, n */
export function geluGradient(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const dy = address(args, 1);
  const dx = address(args, 2);
  const n = int(args, 3);
  const end = firstUnit(n, 16, thread + 1, threads);
  let i = firstUnit(n, 16, thread, threads);
  for (; i + 8 <= end; i += 8) {
    const at = <usize>i << 2;
    const d0 = gradient(v128.load(x + at), v128.load(dy + at));
    const d1 = gradient(v128.load(x + at, 16), v128.load(dy + at, 16));
    v128.store(dx + at, d0);
    v128.store(dx + at, d1, 16);
  }
  for (; i < end; i += 4) {
    const at = <usize>i << 2;
    storePart(dx + at, gradient(loadPart(x + at, end - i), loadPart(dy + at, end - i)), end - i);
  }
}
