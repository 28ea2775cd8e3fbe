// A tile of C = A · B: one strip of A times one panel of B, in registers. gemm.wasm.ts cuts matrices into them.

import { loadPart, madd, storePart } from '../shared/kernel.wasm';
import { MR, PANEL_COLUMNS, WIDE_PANEL_COLUMNS } from './constants';

/** Columns of a panel. WIDE is 1 in the build for engines with registers of 256 bits: see scripts/build-kernels.ts. */
export const NR: i32 = WIDE ? WIDE_PANEL_COLUMNS : PANEL_COLUMNS;

/** Bytes of one k of a strip, and of a panel. */
export const STRIP: usize = 4 * MR;
export const PANEL: usize = <usize>NR << 2;

// Only tiles of 16 columns have a third and a fourth vector in each row: the compiler leaves them out of others.

function maddWide(a: v128, b: v128, c: v128): v128 {
  return WIDE ? madd(a, b, c) : c;
}

function storeRow(p: usize, c0: v128, c1: v128, c2: v128, c3: v128): void {
  v128.store(p, c0);
  v128.store(p, c1, 16);
  if (WIDE) {
    v128.store(p, c2, 32);
    v128.store(p, c3, 48);
  }
}

/** A tile of C: strip · panel over k, added to `init` (rows `initStep` bytes apart; 0 repeats one row). */
export function tile(a: usize, b: usize, k: i32, init: usize, initStep: usize, c: usize, ldc: usize): void {
  const none = f32x4.splat(0);
  let c00 = v128.load(init);
  let c01 = v128.load(init, 16);
  let c02 = WIDE ? v128.load(init, 32) : none;
  let c03 = WIDE ? v128.load(init, 48) : none;
  init += initStep;
  let c10 = v128.load(init);
  let c11 = v128.load(init, 16);
  let c12 = WIDE ? v128.load(init, 32) : none;
  let c13 = WIDE ? v128.load(init, 48) : none;
  init += initStep;
  let c20 = v128.load(init);
  let c21 = v128.load(init, 16);
  let c22 = WIDE ? v128.load(init, 32) : none;
  let c23 = WIDE ? v128.load(init, 48) : none;
  init += initStep;
  let c30 = v128.load(init);
  let c31 = v128.load(init, 16);
  let c32 = WIDE ? v128.load(init, 32) : none;
  let c33 = WIDE ? v128.load(init, 48) : none;
  init += initStep;
  let c40 = v128.load(init);
  let c41 = v128.load(init, 16);
  let c42 = WIDE ? v128.load(init, 32) : none;
  let c43 = WIDE ? v128.load(init, 48) : none;
  init += initStep;
  let c50 = v128.load(init);
  let c51 = v128.load(init, 16);
  let c52 = WIDE ? v128.load(init, 32) : none;
  let c53 = WIDE ? v128.load(init, 48) : none;
  const end = a + <usize>k * STRIP;
  for (; a < end; a += STRIP, b += PANEL) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = WIDE ? v128.load(b, 32) : none;
    const b3 = WIDE ? v128.load(b, 48) : none;
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = maddWide(x, b2, c02);
    c03 = maddWide(x, b3, c03);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = maddWide(x, b2, c12);
    c13 = maddWide(x, b3, c13);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = maddWide(x, b2, c22);
    c23 = maddWide(x, b3, c23);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    c32 = maddWide(x, b2, c32);
    c33 = maddWide(x, b3, c33);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    c42 = maddWide(x, b2, c42);
    c43 = maddWide(x, b3, c43);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    c52 = maddWide(x, b2, c52);
    c53 = maddWide(x, b3, c53);
  }
  storeRow(c, c00, c01, c02, c03);
  c += ldc;
  storeRow(c, c10, c11, c12, c13);
  c += ldc;
  storeRow(c, c20, c21, c22, c23);
  c += ldc;
  storeRow(c, c30, c31, c32, c33);
  c += ldc;
  storeRow(c, c40, c41, c42, c43);
  c += ldc;
  storeRow(c, c50, c51, c52, c53);
}

/** Copies an m × n part of a tile. */
function copyPart(from: usize, fromStep: usize, to: usize, toStep: usize, m: i32, n: i32): void {
  for (let i = 0; i < m; i++, from += fromStep, to += toStep) {
    for (let j = 0; j < n; j += 4) {
      const at = <usize>j << 2;
      storePart(to + at, loadPart(from + at, n - j), n - j);
    }
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
