import { address, firstUnit, int, loadPart, madd, storePart } from '../kernel.wasm';
import { exp4, phi4 } from '../math.wasm';

/** x, y, n */
export function gelu(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const n = int(args, 2);
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
    const v = loadPart(x + (<usize>i << 2), n - i);
    storePart(y + (<usize>i << 2), f32x4.mul(v, phi4(v)), n - i);
  }
}

/** x, dy, dx, n:  dx = dy · (Φ(x) + x · φ(x)) */
export function geluGradient(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0);
  const dy = address(args, 1);
  const dx = address(args, 2);
  const n = int(args, 3);
  const end = firstUnit(n, 16, thread + 1, threads);
  for (let i = firstUnit(n, 16, thread, threads); i < end; i += 4) {
    const at = <usize>i << 2;
    const v = loadPart(x + at, n - i);
    const density = f32x4.mul(
      exp4(f32x4.mul(f32x4.mul(v, v), f32x4.splat(-0.5))),
      f32x4.splat(0.3989422804014327), // 1 / √2π
    );
    const slope = madd(v, density, phi4(v));
    storePart(dx + at, f32x4.mul(loadPart(dy + at, n - i), slope), n - i);
  }
}
