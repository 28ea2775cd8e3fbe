import {
  address,
  first,
  firstUnit,
  float,
  int,
  lanes,
  loadPart,
  madd,
  nmadd,
  storePart,
  sum4,
} from '../kernel.wasm';

/** Σ xᵢ over a row of n floats. */
function rowSum(x: usize, n: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16, x += 64) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
    c = f32x4.add(c, v128.load(x, 32));
    d = f32x4.add(d, v128.load(x, 48));
  }
  for (; i < n; i += 4, x += 16) a = f32x4.add(a, loadPart(x, n - i));
  return sum4(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Σ (xᵢ − mean)² over a row of n floats. */
function rowSquares(x: usize, n: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16, x += 64) {
    const p = f32x4.sub(v128.load(x), m);
    const q = f32x4.sub(v128.load(x, 16), m);
    const r = f32x4.sub(v128.load(x, 32), m);
    const s = f32x4.sub(v128.load(x, 48), m);
    a = madd(p, p, a);
    b = madd(q, q, b);
    c = madd(r, r, c);
    d = madd(s, s, d);
  }
  for (; i < n; i += 4, x += 16) {
    const inRow = lanes(n - i);
    const p = v128.and(f32x4.sub(v128.load(x), m), inRow);
    a = madd(p, p, a);
  }
  return sum4(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** x, weight, bias (0: none), y, mean, rstd, rows, width, epsilon */
export function layerNorm(args: usize, thread: i32, threads: i32): void {
  const weight = address(args, 1);
  const bias = address(args, 2);
  const mean = address(args, 4);
  const rstd = address(args, 5);
  const rows = int(args, 6);
  const width = int(args, 7);
  const epsilon = float(args, 8);
  const last = first(rows, thread + 1, threads);
  for (let row = first(rows, thread, threads); row < last; row++) {
    const at = (<usize>(row * width)) << 2;
    const x = address(args, 0) + at;
    const y = address(args, 3) + at;
    const average = rowSum(x, width) / <f32>width;
    const scale = <f32>1 / sqrt<f32>(rowSquares(x, width, average) / <f32>width + epsilon);
    store<f32>(mean + ((<usize>row) << 2), average);
    store<f32>(rstd + ((<usize>row) << 2), scale);
    const m = f32x4.splat(average);
    const s = f32x4.splat(scale);
    for (let i = 0; i < width; i += 4) {
      const p = (<usize>i) << 2;
      const normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
      const shift = bias ? v128.load(bias + p) : f32x4.splat(0);
      storePart(y + p, madd(normal, v128.load(weight + p), shift), width - i);
    }
  }
}

/**
 * x, weight, mean, rstd, dy, dx, partials, rows, width, rowsPerBlock. With the normalised row n and
 * dn = dy · weight: dx = rstd · (dn − mean(dn) − n · mean(dn · n)), and the partials of a block of rows
 * are Σ dy · n and Σ dy.
 */
export function layerNormGradient(args: usize, thread: i32, threads: i32): void {
  const weight = address(args, 1);
  const mean = address(args, 2);
  const rstd = address(args, 3);
  const rows = int(args, 7);
  const width = int(args, 8);
  const rowsPerBlock = int(args, 9);
  const padded = (<usize>((width + 3) & ~3)) << 2; // bytes
  const blocks = (rows + rowsPerBlock - 1) / rowsPerBlock;
  const lastBlock = first(blocks, thread + 1, threads);
  for (let block = first(blocks, thread, threads); block < lastBlock; block++) {
    const dweight = address(args, 6) + <usize>block * 2 * padded;
    const dbias = dweight + padded;
    memory.fill(dweight, 0, 2 * padded);
    const lastRow = min(rows, (block + 1) * rowsPerBlock);
    for (let row = block * rowsPerBlock; row < lastRow; row++) {
      const at = (<usize>(row * width)) << 2;
      const x = address(args, 0) + at;
      const dy = address(args, 4) + at;
      const dx = address(args, 5) + at;
      const m = v128.load32_splat(mean + ((<usize>row) << 2));
      const s = v128.load32_splat(rstd + ((<usize>row) << 2));
      let sum = f32x4.splat(0);
      let product = f32x4.splat(0);
      for (let i = 0; i < width; i += 4) {
        const p = (<usize>i) << 2;
        const normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
        const gradient = loadPart(dy + p, width - i);
        // Past the end of the row the gradient is 0, but what lies there in x may be no number.
        const safe =
          i + 4 <= width ? normal : v128.and(normal, lanes(width - i));
        const dnormal = f32x4.mul(gradient, loadPart(weight + p, width - i));
        sum = f32x4.add(sum, dnormal);
        product = madd(dnormal, safe, product);
        v128.store(dweight + p, madd(gradient, safe, v128.load(dweight + p)));
        v128.store(dbias + p, f32x4.add(gradient, v128.load(dbias + p)));
      }
      const a = f32x4.splat(sum4(sum) / <f32>width);
      const b = f32x4.splat(sum4(product) / <f32>width);
      for (let i = 0; i < width; i += 4) {
        const p = (<usize>i) << 2;
        const normal = f32x4.mul(f32x4.sub(v128.load(x + p), m), s);
        const dnormal = f32x4.mul(v128.load(dy + p), v128.load(weight + p));
        storePart(dx + p, f32x4.mul(s, nmadd(normal, b, f32x4.sub(dnormal, a))), width - i);
      }
    }
  }
}

/** partials, dweight, dbias (0: none), blocks, width: adds up the blocks in order. */
export function layerNormGradientSum(args: usize, thread: i32, threads: i32): void {
  const dweight = address(args, 1);
  const dbias = address(args, 2);
  const blocks = int(args, 3);
  const width = int(args, 4);
  const padded = (<usize>((width + 3) & ~3)) << 2; // bytes
  const end = firstUnit(width, 16, thread + 1, threads);
  for (let i = firstUnit(width, 16, thread, threads); i < end; i += 4) {
    let from = address(args, 0) + ((<usize>i) << 2);
    let weight = f32x4.splat(0);
    let bias = f32x4.splat(0);
    for (let block = 0; block < blocks; block++, from += 2 * padded) {
      weight = f32x4.add(weight, v128.load(from));
      bias = f32x4.add(bias, v128.load(from + padded));
    }
    storePart(dweight + ((<usize>i) << 2), weight, width - i);
    if (dbias) storePart(dbias + ((<usize>i) << 2), bias, width - i);
  }
}
