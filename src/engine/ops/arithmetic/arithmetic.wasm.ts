// See shared/elementwise.wasm.ts.

export function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

export function addIntegers(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

export function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}

export function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

export function mulIntegers(a: v128, b: v128): v128 {
  return i32x4.mul(a, b);
}

export function div(a: v128, b: v128): v128 {
  return f32x4.div(a, b);
}
