// A tile of C = A · B: one strip of A times one panel of B, in registers. gemm.wasm.ts cuts matrices into them.

import { loadPart, madd, storePart } from '../shared/kernel.wasm';
import { MR, PANEL_COLUMNS, WIDE_PANEL_COLUMNS } from './constants';

/** Columns of a panel. WIDE is 1 in the build for engines with registers of 256 bits: see scripts/build-kernels.ts. */
export const NR: i32 = WIDE ? WIDE_PANEL_COLUMNS : PANEL_COLUMNS;

/** Bytes of one k of a strip, and of a panel. */
export const STRIP: usize = 4 * MR;
export const PANEL: usize = <usize>NR << 2;

/**
 * A tile of C: strip · panel over k, added to `init` (rows `initStep` bytes apart; 0 repeats one row).
 */
@inline
export function tile(a: usize, b: usize, k: i32, init: usize, initStep: usize, c: usize, ldc: usize): void {
  if (WIDE) tile16(a, b, k, init, initStep, c, ldc);
  else tile8(a, b, k, init, initStep, c, ldc);
}

function tile8(a: usize, b: usize, k: i32, init: usize, initStep: usize, c: usize, ldc: usize): void {
  let c00 = v128.load(init);
  let c01 = v128.load(init, 16);
  init += initStep;
  let c10 = v128.load(init);
  let c11 = v128.load(init, 16);
  init += initStep;
  let c20 = v128.load(init);
  let c21 = v128.load(init, 16);
  init += initStep;
  let c30 = v128.load(init);
  let c31 = v128.load(init, 16);
  init += initStep;
  let c40 = v128.load(init);
  let c41 = v128.load(init, 16);
  init += initStep;
  let c50 = v128.load(init);
  let c51 = v128.load(init, 16);
  const end = a + <usize>k * STRIP;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    a += STRIP;
    b += PANEL;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += ldc;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  c += ldc;
  v128.store(c, c50);
  v128.store(c, c51, 16);
}

/** The same for 16 columns: neighbouring vectors become one. */
function tile16(a: usize, b: usize, k: i32, init: usize, initStep: usize, c: usize, ldc: usize): void {
  let c00 = v128.load(init);
  let c01 = v128.load(init, 16);
  let c02 = v128.load(init, 32);
  let c03 = v128.load(init, 48);
  init += initStep;
  let c10 = v128.load(init);
  let c11 = v128.load(init, 16);
  let c12 = v128.load(init, 32);
  let c13 = v128.load(init, 48);
  init += initStep;
  let c20 = v128.load(init);
  let c21 = v128.load(init, 16);
  let c22 = v128.load(init, 32);
  let c23 = v128.load(init, 48);
  init += initStep;
  let c30 = v128.load(init);
  let c31 = v128.load(init, 16);
  let c32 = v128.load(init, 32);
  let c33 = v128.load(init, 48);
  init += initStep;
  let c40 = v128.load(init);
  let c41 = v128.load(init, 16);
  let c42 = v128.load(init, 32);
  let c43 = v128.load(init, 48);
  init += initStep;
  let c50 = v128.load(init);
  let c51 = v128.load(init, 16);
  let c52 = v128.load(init, 32);
  let c53 = v128.load(init, 48);
  const end = a + <usize>k * STRIP;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    c03 = madd(x, b3, c03);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    c13 = madd(x, b3, c13);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = madd(x, b2, c22);
    c23 = madd(x, b3, c23);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    c32 = madd(x, b2, c32);
    c33 = madd(x, b3, c33);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    c42 = madd(x, b2, c42);
    c43 = madd(x, b3, c43);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    c52 = madd(x, b2, c52);
    c53 = madd(x, b3, c53);
    a += STRIP;
    b += PANEL;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  v128.store(c, c12, 32);
  v128.store(c, c13, 48);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  v128.store(c, c22, 32);
  v128.store(c, c23, 48);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  v128.store(c, c32, 32);
  v128.store(c, c33, 48);
  c += ldc;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  v128.store(c, c42, 32);
  v128.store(c, c43, 48);
  c += ldc;
  v128.store(c, c50);
  v128.store(c, c51, 16);
  v128.store(c, c52, 32);
  v128.store(c, c53, 48);
}

/** Copies an m × n part of a tile. */
function copyPart(from: usize, fromStep: usize, to: usize, toStep: usize, m: i32, n: i32): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j += 4) {
      const at = <usize>j << 2;
      storePart(to + at, loadPart(from + at, n - j), n - j);
    }
    from += fromStep;
    to += toStep;
  }
}

/** A row of zeros to start sums from. */
export const ZEROS: usize = memory.data(4 * WIDE_PANEL_COLUMNS, 16);

/**
 * A tile of which only `height` × `width` belong to C. The sum starts from the row `start`, or from C itself
 * if that is 0. `edge` has memory for a tile.
 */
export function tilePart(
  strip: usize, panel: usize, k: i32, start: usize, c: usize, ldc: usize, height: i32, width: i32, edge: usize,
): void {
  if (height == MR && width == NR) {
    tile(strip, panel, k, start ? start : c, start ? 0 : ldc, c, ldc);
  } else {
    if (!start) copyPart(c, ldc, edge, PANEL, height, width);
    tile(strip, panel, k, start ? start : edge, start ? 0 : PANEL, edge, PANEL);
    copyPart(edge, PANEL, c, ldc, height, width);
  }
}
