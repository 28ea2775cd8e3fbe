// See shared/elementwise.wasm.ts.

import { madd } from '../shared/kernel.wasm';
import { exp4, phi4 } from '../shared/math.wasm';

@inline
export function gelu(x: v128): v128 {
  return f32x4.mul(x, phi4(x));
}

/** dy · (Φ(x) + x · φ(x)) */
@inline
export function geluGradient(x: v128, dy: v128): v128 {
  const density = f32x4.mul(
    exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))),
    f32x4.splat(0.3989422804014327), // 1 / √2π
  );
  return f32x4.mul(dy, madd(x, density, phi4(x)));
}
