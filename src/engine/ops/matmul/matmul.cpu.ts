import type { Operation } from '../../tensor/operation.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { CpuKernel, CpuTape, CpuView, PerThread } from '../shared/kernel.ts';
import { headsOf, nests } from '../shared/strided.ts';
import { DOTS_FROM, KC, MC, MR, Q8_COLUMNS, Q8_TILE } from './constants.ts';
import type { linearOperation, matmulOperation } from './matmul.ts';

/** Bytes of a packed part of B that stay in the second-level cache while rows of A pass by. */
const TASK_BYTES = 512 * 1024;
/** Tasks that a product is cut into at least, if it is large enough: what there is to share among threads. */
const TASKS = 16;
/** Rows of a task at least where many threads share: with fewer, reading B costs as much as the products. */
const FEWEST_ROWS = 24;
/** Rows and columns of a task at least, if there are as many. */
const TASK_ROWS = 32;
const TASK_COLUMNS = 128;
/** With fewer rows than this, dot products against the rows of a transposed B beat packing it. */
const FEW_ROWS = 5;

/** Multiplications from which on a BLAS library is worth its call. */
const BLAS_PRODUCTS = 32 ** 3;

/** Whether a matrix is stored transposed, and its leading dimension; undefined if BLAS cannot read it. */
function leading({ shape, strides }: CpuView): [transposed: number, leadingDimension: number] | undefined {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const [down, across] = strides.slice(-2) as [number, number];
  if (across === 1 && down >= columns) return [0, down];
  if (down === 1 && across >= rows) return [1, across];
  return undefined;
}

/** Memory of each thread for a tile at the edge of a matrix. */
export const edgeOf = (tape: CpuTape): PerThread => tape.perThread(MR * tape.panelColumns);

/** Batches of a matrix: three loops. */
type Batches = Readonly<Record<'extents' | 'strides', readonly number[]>>;

/**
 * How many tasks a product is cut into: parts of its rows times parts of its columns. Each task packs its rows of A
 * for itself: columns are cut only where their part of B would be too large, or rows have become too few. Many threads
 * get two tasks each, as far as there are rows. No sum depends on it.
 */
function cut(
  m: number,
  n: number,
  k: number,
  batches: number,
  threads: number,
): { down: number; across: number } {
  const rows = Math.ceil(m / MR) * MR;
  const whole = Math.ceil(rows / MC);
  const apart = Math.ceil((4 * n * Math.min(k, KC)) / TASK_BYTES);
  const wanted = Math.min(Math.ceil(TASKS / (whole * batches)), Math.ceil(n / TASK_COLUMNS));
  const finer = Math.max(1, Math.floor(wanted / apart));
  const down = Math.min(whole * finer, Math.max(whole, Math.floor(rows / TASK_ROWS)));
  const across = Math.max(apart, Math.ceil((wanted * whole) / down));
  const shared = Math.min(Math.ceil((2 * threads) / (across * batches)), Math.ceil(rows / FEWEST_ROWS));
  return { down: Math.max(down, shared), across };
}

/** Copies the matrices of b into panels; where they are. */
export function pack(tape: CpuTape, b: CpuView, batches: Batches): number {
  const [k, n] = b.shape.slice(-2) as [number, number];
  const [rowStride, columnStride] = b.strides.slice(-2) as [number, number];
  const columns = Math.ceil(n / tape.panelColumns) * tape.panelColumns;
  const packed = tape.scratch(sizeOf(batches.extents) * k * columns);
  const panels = (sizeOf(batches.extents) * columns) / tape.panelColumns;
  tape.emit('matmulPack', { b, packed, k, n, rowStride, columnStride, ...batches }, Math.floor(panels / 4));
  return packed;
}

/** What is added to a product: `bias` to each row, and `addend`, which lies as the product does, afterwards. */
type Extras = Readonly<{ bias?: CpuView | undefined; addend?: CpuView | undefined }>;

/**
 * c = a · b (+ bias + addend): a and b may have any strides, `c` is row-major. If `alone`, rows come out as each would by
 * itself.
 */
export function lowerMatmul(
  tape: CpuTape,
  a: CpuView,
  b: CpuView,
  c: CpuView,
  extras: Extras = {},
  alone = false,
): void {
  if (sizeOf(c.shape) === 0) return;
  // Batches are three loops: with more separate dimensions, several products.
  for (const { addresses, extents, strides } of nests([headsOf(a, 2), headsOf(b, 2), headsOf(c, 2)], 3)) {
    const at = (view: CpuView, i: 0 | 1 | 2): CpuView => ({ ...view, address: addresses[i] });
    const operands = { a: at(a, 0), b: at(b, 1), c: at(c, 2), ...extras };
    product(tape, operands, { extents, strides: strides[0] }, { extents, strides: strides[1] }, alone);
  }
}

function product(
  tape: CpuTape,
  { a, b, c, bias, addend }: Record<'a' | 'b' | 'c', CpuView> & Extras,
  batchesA: Batches,
  batchesB: Batches,
  alone: boolean,
): void {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const [rowStride, columnStride] = a.strides.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.strides.slice(-2) as [number, number];
  const batches = sizeOf(batchesA.extents);
  const args = { a, c, m, n, k, bias: bias ?? 0 };

  if (k > 0 && (m < FEW_ROWS || alone) && batches === 1 && columnStride === 1 && rowsB === 1) {
    const strips = tape.perThread(m < DOTS_FROM ? 0 : Math.ceil(m / MR) * MR * k);
    const sums = tape.perThread(2 * 2 * 4 * MR);
    tape.emit('matmulRows', { ...args, w: b, strideA: rowStride, strideW: columnsB, strips, sums });
    addTo(tape, c, addend);
    return;
  }
  const [left, right] = [leading(a), leading(b)];
  if (tape.blas && batches === 1 && m * n * k >= BLAS_PRODUCTS && left && right) {
    const [transposeA, lda] = left;
    const [transposeB, ldb] = right;
    tape.emit('matmulBlas', { ...args, b, transposeA, lda, transposeB, ldb });
    addTo(tape, c, addend);
    return;
  }
  const packed = pack(tape, b, batchesB);
  const strips = Math.ceil(m / MR);
  const { down, across } = cut(m, n, k, batches, tape.threads);
  const call = {
    ...args,
    addend: addend ?? 0,
    packed,
    rowStride,
    columnStride,
    taskRows: MR * Math.ceil(strips / down),
    taskPanels: Math.ceil(Math.ceil(n / tape.panelColumns) / across),
    ...batchesA,
    strips: tape.perThread(Math.min(strips * MR, MC) * Math.min(k, KC)),
    edge: edgeOf(tape),
  };
  tape.emit('matmul', call, down * across * batches);
}

/** c += addend */
function addTo(tape: CpuTape, c: CpuView, addend: CpuView | undefined): void {
  const [extents, strides] = [
    [1, 1, 1, sizeOf(c.shape)],
    [0, 0, 0, 1],
  ];
  if (addend) tape.emit('add', { a: addend, b: c, y: c, extents, stridesA: strides, stridesB: strides });
}

export const matmulCpu: CpuKernel<typeof matmulOperation> = {
  strided: 'all',
  lower: (tape, [a, b], [c]) => lowerMatmul(tape, a, b, c),
};

export const linearCpu: CpuKernel<typeof linearOperation> = {
  lower: (tape, [x, weight, bias], [y], { alone }) => lowerLinear(tape, x, weight, y, { bias }, alone),
};

/** addend + x · Wᵀ + b, an operation of this device: the residual stream and what is added to it. */
type LinearAdd = Operation<
  [addend: Tensor, x: Tensor, weight: Tensor, bias?: Tensor],
  [y: Tensor],
  { readonly alone: boolean }
>;

export const linearAddCpu: CpuKernel<LinearAdd> = {
  lower: (tape, [addend, x, weight, bias], [y], { alone }) =>
    lowerLinear(tape, x, weight, y, { bias, addend }, alone),
};

function lowerLinear(
  tape: CpuTape,
  x: CpuView,
  weight: CpuView,
  y: CpuView,
  extras: Extras,
  alone: boolean,
): void {
  const [n, k] = weight.shape as [number, number];
  if (weight.dtype === 'q8' && sizeOf(y.shape) > 0) {
    const m = x.shape[0]!;
    const memory = {
      integers: tape.perThread((m * Q8_COLUMNS * Math.ceil(k / Q8_COLUMNS)) / 2),
      units: tape.perThread(m),
      sums: tape.perThread(32 * Q8_TILE),
    };
    const { bias = 0, addend = 0 } = extras;
    tape.emit('linearQ8', { a: x, w: weight, c: y, m, n, k, bias, addend, ...memory });
    return;
  }
  lowerMatmul(tape, x, { ...weight, shape: [k, n], strides: [1, k] }, y, extras, alone);
}
