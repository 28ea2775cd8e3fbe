// See shared/elementwise.wasm.ts.

/** `value` where b is not zero, a elsewhere. */
export function maskedFill(a: v128, b: v128, value: v128): v128 {
  return v128.bitselect(a, value, i32x4.eq(b, i32x4.splat(0)));
}
