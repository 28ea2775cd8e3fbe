// The matrix product that everything else is made of: C (m × n) = A (m × k) · B (k × n).
//
// A is cut into strips of 6 rows and B into panels of 8 columns (16 in the wide build), both copied so that the
// innermost loop reads them in order (Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).
// One strip times one panel is a tile of C that stays in 12 registers; with two for B and one for the broadcast
// element of A that is what x86-64 and AArch64 have. A register holds 4 numbers, or 8 where the engine joins
// neighbouring vector instructions into one of twice the width.

import { loadPart, storePart } from '../shared/kernel.wasm';
import { KC, MC, MR } from './constants';
import { NR, PANEL, STRIP, tilePart, ZEROS } from './tile.wasm';

/**
 * Copies `height` (≤ 6) rows of A into a strip. Strides in bytes. What is missing to 6 is filled with
 * anything: it only reaches the rows of a tile that nobody keeps.
 */
export function packStrip(a: usize, rows: usize, columns: usize, height: i32, k: i32, to: usize): void {
  if (columns == 4) {
    packRows(a, rows, height, k, to);
  } else if (rows == 4) {
    packColumns(a, columns, k, to);
  } else {
    for (let p = 0; p < k; p++, to += STRIP) {
      for (let r = 0; r < height; r++) {
        store<f32>(to + (<usize>r << 2), load<f32>(a + <usize>r * rows + <usize>p * columns));
      }
    }
  }
}

/** Rows whose elements lie next to each other along k: transposed four columns at a time. */
function packRows(a: usize, rows: usize, height: i32, k: i32, to: usize): void {
  const p1 = height > 1 ? a + rows : a;
  const p2 = height > 2 ? p1 + rows : a;
  const p3 = height > 3 ? p2 + rows : a;
  const p4 = height > 4 ? p3 + rows : a;
  const p5 = height > 5 ? p4 + rows : a;
  const end = <usize>k << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16, to += 96) {
    const r0 = v128.load(a + at);
    const r1 = v128.load(p1 + at);
    const r2 = v128.load(p2 + at);
    const r3 = v128.load(p3 + at);
    const r4 = v128.load(p4 + at);
    const r5 = v128.load(p5 + at);
    const a01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5); // r0[0] r1[0] r0[1] r1[1]
    const b01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
    const a23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const b23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    const a45 = v128.shuffle<i32>(r4, r5, 0, 4, 1, 5);
    const b45 = v128.shuffle<i32>(r4, r5, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(a01, a23, 0, 2)); // k: r0 r1 r2 r3
    v128.store(to, v128.shuffle<i64>(a45, a01, 0, 3), 16); // r4 r5, k+1: r0 r1
    v128.store(to, v128.shuffle<i64>(a23, a45, 1, 3), 32); // r2 r3 r4 r5
    v128.store(to, v128.shuffle<i64>(b01, b23, 0, 2), 48);
    v128.store(to, v128.shuffle<i64>(b45, b01, 0, 3), 64);
    v128.store(to, v128.shuffle<i64>(b23, b45, 1, 3), 80);
  }
  for (; at < end; at += 4, to += STRIP) {
    store<f32>(to, load<f32>(a + at));
    store<f32>(to, load<f32>(p1 + at), 4);
    store<f32>(to, load<f32>(p2 + at), 8);
    store<f32>(to, load<f32>(p3 + at), 12);
    store<f32>(to, load<f32>(p4 + at), 16);
    store<f32>(to, load<f32>(p5 + at), 20);
  }
}

/** Rows of which each column's elements lie next to each other: a transposed matrix. */
function packColumns(a: usize, columns: usize, k: i32, to: usize): void {
  for (let p = 0; p < k; p++, a += columns, to += STRIP) {
    v128.store(to, v128.load(a));
    store<i64>(to, load<i64>(a, 16), 16);
  }
}

/** The same for four strips, `stripBytes` apart: what a cache line holds of a column is used at once. */
function packColumnsOfFour(a: usize, columns: usize, k: i32, to: usize, stripBytes: usize): void {
  let to1 = to + stripBytes;
  let to2 = to1 + stripBytes;
  let to3 = to2 + stripBytes;
  for (let p = 0; p < k; p++, a += columns, to += STRIP, to1 += STRIP, to2 += STRIP, to3 += STRIP) {
    v128.store(to, v128.load(a));
    store<i64>(to, load<i64>(a, 16), 16);
    v128.store(to1, v128.load(a, 24));
    store<i64>(to1, load<i64>(a, 40), 16);
    v128.store(to2, v128.load(a, 48));
    store<i64>(to2, load<i64>(a, 64), 16);
    v128.store(to3, v128.load(a, 72));
    store<i64>(to3, load<i64>(a, 88), 16);
  }
}

/** Copies m rows of A into strips. */
function packStrips(a: usize, rows: usize, columns: usize, m: i32, k: i32, to: usize): void {
  const stripBytes = <usize>k * STRIP;
  let i = 0;
  if (rows == 4) {
    for (; i + 4 * MR <= m; i += 4 * MR, to += 4 * stripBytes) {
      packColumnsOfFour(a + (<usize>i << 2), columns, k, to, stripBytes);
    }
  }
  for (; i < m; i += MR, to += stripBytes) packStrip(a + <usize>i * rows, rows, columns, min(MR, m - i), k, to);
}

/** Copies one k of a panel. */
@inline
function packK(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  if (WIDE) {
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
}

/** Four panels of a B whose rows are contiguous: what lies side by side is read at once. */
function packFourPanels(b: usize, rows: usize, k: i32, to: usize): void {
  const bytes = <usize>k * PANEL;
  for (const end = to + bytes; to < end; b += rows, to += PANEL) {
    packK(b, to);
    packK(b + PANEL, to + bytes);
    packK(b + 2 * PANEL, to + 2 * bytes);
    packK(b + 3 * PANEL, to + 3 * bytes);
  }
}

/** Copies columns of B (k × n, strides in bytes) into panels `from … to − 1`, the last filled up with zeros. */
export function packB(b: usize, rows: usize, columns: usize, k: i32, n: i32, packed: usize, from: i32, to: i32): void {
  let panel = from;
  if (columns == 4) {
    for (; panel + 4 <= to && (panel + 4) * NR <= n; panel += 4) {
      packFourPanels(b + <usize>panel * PANEL, rows, k, packed + <usize>panel * <usize>k * PANEL);
    }
  }
  for (; panel < to; panel++) {
    let out = packed + <usize>panel * <usize>k * PANEL;
    const j = panel * NR;
    const width = min(NR, n - j);
    let p = b + <usize>j * columns;
    if (columns == 4 && width == NR) {
      for (let i = 0; i < k; i++, p += rows, out += PANEL) packK(p, out);
    } else if (columns == 4) {
      for (let i = 0; i < k; i++, p += rows, out += PANEL) {
        for (let c = 0; c < NR; c += 4) {
          const at = <usize>c << 2;
          v128.store(out + at, c < width ? loadPart(p + at, width - c) : f32x4.splat(0));
        }
      }
    } else if (rows == 4 && width == NR) {
      packTransposed(p, columns, k, out);
    } else {
      for (let i = 0; i < k; i++, p += rows, out += PANEL) {
        for (let c = 0; c < NR; c++) {
          store<f32>(out + (<usize>c << 2), c < width ? load<f32>(p + <usize>c * columns) : 0);
        }
      }
    }
  }
}

/** Stores four vectors as the columns of four rows that lie `step` bytes apart. */
@inline
export function storeTransposed(to: usize, step: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const a01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const b01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const a23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const b23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(a01, a23, 0, 2));
  v128.store(to + step, v128.shuffle<i64>(a01, a23, 1, 3));
  v128.store(to + 2 * step, v128.shuffle<i64>(b01, b23, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<i64>(b01, b23, 1, 3));
}

/** A panel whose columns lie contiguously along k: transposed 4 × 4 at a time. */
function packTransposed(b: usize, columns: usize, k: i32, out: usize): void {
  for (let quarter: usize = 0; quarter < PANEL; quarter += 16) {
    const p0 = b + (quarter >> 2) * columns;
    const p1 = p0 + columns;
    const p2 = p1 + columns;
    const p3 = p2 + columns;
    const end = <usize>k << 2;
    let to = out + quarter;
    let at: usize = 0;
    for (; at + 16 <= end; at += 16, to += 4 * PANEL) {
      const r3 = v128.load(p3 + at);
      storeTransposed(to, PANEL, v128.load(p0 + at), v128.load(p1 + at), v128.load(p2 + at), r3);
    }
    for (; at < end; at += 4, to += PANEL) {
      store<f32>(to, load<f32>(p0 + at));
      store<f32>(to, load<f32>(p1 + at), 4);
      store<f32>(to, load<f32>(p2 + at), 8);
      store<f32>(to, load<f32>(p3 + at), 12);
    }
  }
}

/** c += addend, of an m × n part whose rows lie `step` bytes apart in both. */
function addPart(addend: usize, c: usize, step: usize, m: i32, n: i32): void {
  for (let i = 0; i < m; i++, addend += step, c += step) {
    for (let j = 0; j < n; j += 4) {
      const at = <usize>j << 2;
      storePart(c + at, f32x4.add(v128.load(addend + at), v128.load(c + at)), n - j);
    }
  }
}

/**
 * C (m × n, rows `ldc` bytes apart) = A · B, with B already in panels of `k` rows; each row of sums starts
 * from `bias` (0 for zeros), and what lies at `addend`, as C does, is added (0 for nothing). Memory of the calling thread: `strips` for MC rows of A and KC columns, `edge` for a tile.
 */
export function gemmBlock(
  m: i32, n: i32, k: i32,
  a: usize, rowsA: usize, columnsA: usize,
  packed: usize,
  c: usize, ldc: usize,
  bias: usize, addend: usize,
  strips: usize, edge: usize,
): void {
  const panels = (n + NR - 1) / NR;
  const sums = max(1, (k + KC - 1) / KC);
  const longest = (k + sums - 1) / sums; // the parts of a long sum are about equal
  for (let i0 = 0; i0 < m; i0 += MC) {
    const mc = min(MC, m - i0);
    let k0 = 0;
    // Once also for an empty sum.
    do {
      const kc = min(longest, k - k0);
      const part = a + <usize>i0 * rowsA + <usize>k0 * columnsA;
      const stripBytes = <usize>kc * STRIP;
      packStrips(part, rowsA, columnsA, mc, kc, strips);
      for (let panel = 0; panel < panels; panel++) {
        const j = panel * NR;
        const b = packed + (<usize>panel * <usize>k + <usize>k0) * PANEL;
        const start = k0 > 0 ? 0 : bias ? bias + (<usize>j << 2) : ZEROS;
        let out = c + <usize>i0 * ldc + (<usize>j << 2);
        for (let i = 0, strip = strips; i < mc; i += MR, strip += stripBytes, out += <usize>MR * ldc) {
          tilePart(strip, b, kc, start, out, ldc, min(MR, mc - i), min(NR, n - j), edge);
          if (addend && k0 + kc == k) addPart(addend + (out - c), out, ldc, min(MR, mc - i), min(NR, n - j));
        }
      }
      k0 += longest;
    } while (k0 < k);
  }
}
