import { address, firstUnit, int, loadPart, madd, storePart } from '../kernel.wasm';
import { exp4, phi4 } from '../math.wasm';

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
  // With the test at its end V8 moves the polynomial's constants out of the loop.
  if (i + 4 <= end) {
    do {
      const at = <usize>i << 2;
      const v = v128.load(x + at);
      v128.store(y + at, f32x4.mul(v, phi4(v)));
      i += 4;
    } while (i + 4 <= end);
  }
  if (i < end) {
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
  if (i + 4 <= end) {
    do {
      const at = <usize>i << 2;
      v128.store(dx + at, gradient(v128.load(x + at), v128.load(dy + at)));
      i += 4;
    } while (i + 4 <= end);
  }
  if (i < end) {
    const at = <usize>i << 2;
    storePart(dx + at, gradient(loadPart(x + at, end - i), loadPart(dy + at, end - i)), end - i);
  }
}
