import { address, first, int, sumOfSquares, Words } from '../shared/kernel.wasm';
import { BLOCK } from './constants';

/** Sums of squares of blocks, which never span two tensors. `tensors`: the address and size of each. */
export function globalNormBlocks(thread: i32, threads: i32, sums: usize, blocks: i32, tensors: Words): void {
  const last = first(blocks, thread + 1, threads);
  let tensor = 0;
  let start = 0; // the first block of the tensor
  for (let block = first(blocks, thread, threads); block < last; block++) {
    while (start + (int(tensors, tensor + 1) + BLOCK - 1) / BLOCK <= block) {
      start += (int(tensors, tensor + 1) + BLOCK - 1) / BLOCK;
      tensor += 2;
    }
    const from = (block - start) * BLOCK;
    const n = min(BLOCK, int(tensors, tensor + 1) - from);
    store<f32>(sums + (<usize>block << 2), sumOfSquares(address(tensors, tensor) + (<usize>from << 2), n));
  }
}

export function globalNorm(thread: i32, threads: i32, sums: usize, blocks: i32, norm: usize): void {
  if (thread != 0) return;
  let sum: f64 = 0;
  for (let block = 0; block < blocks; block++) sum += load<f32>(sums + (<usize>block << 2));
  store<f32>(norm, <f32>sqrt<f64>(sum));
}

export function clipScale(thread: i32, threads: i32, norm: usize, scale: usize, maxNorm: f32): void {
  if (thread != 0) return;
  store<f32>(scale, min<f32>(1, maxNorm / (load<f32>(norm) + 1e-6)));
}

/** `tables`: for each tensor its address, that of the result, and the size. One thread does: only GPUs scale losses. */
export function unscale(
  thread: i32, threads: i32, factor: usize, norm: usize, tensors: i32, tables: Words,
): void {
  if (thread != 0) return;
  const finite = isFinite<f32>(load<f32>(norm));
  for (let k = 0; k < 3 * tensors; k += 3) {
    for (let i = 0; i < int(tables, k + 2); i++) {
      const at = <usize>i << 2;
      const x = load<f32>(address(tables, k) + at);
      store<f32>(address(tables, k + 1) + at, finite ? load<f32>(factor) * x : 0);
    }
  }
}
