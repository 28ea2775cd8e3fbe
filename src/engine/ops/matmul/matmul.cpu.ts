import { NanobardError } from '../../errors.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { CpuLowering, CpuTape, CpuView } from '../shared/kernel.ts';
import { collapse } from '../shared/strided.ts';
import { KC, MC, MR } from './blocks.wasm.ts';

/** Bytes of a packed part of B that stay in the second-level cache while rows of A pass by. */
const TASK_BYTES = 512 * 1024;
/** Tasks that a product is cut into at least, if it is large enough: what there is to share among threads. */
const TASKS = 16;
/** Columns of a task at least, if there are as many: each task packs its rows of A for itself. */
const TASK_COLUMNS = 128;
/** With fewer rows than this, dot products against the rows of a transposed B beat packing it. */
const FEW_ROWS = 5;

/** Bytes that a thread needs for the edges of a matrix: EDGE_BYTES of tile.wasm.ts. */
export const edgeBytes = (panelColumns: number): number => 32 * panelColumns;

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

/** c = a · b (+ bias): both may have any strides in their last two dimensions, `c` is row-major. */
export function lowerMatmul(tape: CpuTape, a: CpuView, b: CpuView, c: CpuView, bias = 0): void {
  const rank = a.shape.length;
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape[rank - 1]!;
  const [rowsA, columnsA] = a.strides.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.strides.slice(-2) as [number, number];
  const batchShape = a.shape.slice(0, -2);
  const lead = (view: CpuView) => ({ strides: view.strides.slice(0, -2) });
  const batch = collapse(batchShape, [lead(a), lead(b)], 3);
  if (!batch) throw new NanobardError('shape', 'matmul: more than 3 separate batch dimensions');
  const batches = sizeOf(batchShape);

  if (batches * m * n === 0) return;
  if (k === 0) throw new NanobardError('shape', 'matmul: a sum over no elements is not computed on the CPU');
  if (m < FEW_ROWS && batches === 1 && columnsA === 1 && rowsB === 1) {
    tape.emit('matmulRows', a.address, b.address, c.address, m, n, k, rowsA, columnsB, bias);
    return;
  }
  const [left, right] = [leading(a), leading(b)];
  if (tape.blas && batches === 1 && m * n * k >= BLAS_PRODUCTS && left && right) {
    tape.emit('matmulBlas', a.address, b.address, c.address, m, n, k, ...left, ...right, bias);
    return;
  }
  const { panelColumns } = tape;
  const panels = Math.ceil(n / panelColumns);
  const packed = tape.scratch(batches * 4 * k * panelColumns * panels);
  tape.emit('matmulPack', b.address, packed, k, n, rowsB, columnsB, ...batch.extents, ...batch.strides[1]!);
  const strips = Math.ceil(m / MR);
  const stripBytes = 4 * MR * Math.min(strips, MC / MR) * Math.min(k, KC);
  const bytes = Math.ceil((edgeBytes(panelColumns) + stripBytes) / 64) * 64;
  const scratch = tape.scratch(bytes * tape.threads);
  // Tasks depend on the shapes alone, never on the number of threads.
  const down = Math.ceil((strips * MR) / MC);
  const across = Math.max(
    Math.ceil((4 * n * Math.min(k, KC)) / TASK_BYTES),
    Math.min(Math.ceil(TASKS / (down * batches)), Math.ceil(n / TASK_COLUMNS)),
  );
  const taskRows = MR * Math.ceil(strips / down);
  const taskPanels = Math.ceil(panels / across);
  tape.emit(
    'matmul',
    a.address, packed, c.address, m, n, k, rowsA, columnsA, bias, scratch, bytes,
    taskRows, taskPanels, ...batch.extents, ...batch.strides[0]!,
  ); // biome-ignore format: the kernel's argument list
}

export const matmulCpu: CpuLowering = (tape, [a, b], [c]) => lowerMatmul(tape, a!, b!, c!);
