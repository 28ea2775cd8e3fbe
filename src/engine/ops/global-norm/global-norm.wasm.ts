import { address, first, int, sumOfSquares, Words } from '../shared/kernel.wasm';

/**
 * Sums of squares of blocks of `block` elements, which never span two tensors. `tensors`: the address and size of
 * each.
 */
export function globalNormBlocks(
  thread: i32, threads: i32, sums: usize, blocks: i32, block: i32, tensors: Words,
): void {
  const last = first(blocks, thread + 1, threads);
  let tensor = 0;
  let start = 0; // the first block of the tensor
  for (let i = first(blocks, thread, threads); i < last; i++) {
    while (start + (int(tensors, tensor + 1) + block - 1) / block <= i) {
      start += (int(tensors, tensor + 1) + block - 1) / block;
      tensor += 2;
    }
    const from = (i - start) * block;
    const n = min(block, int(tensors, tensor + 1) - from);
    store<f32>(sums + (<usize>i << 2), sumOfSquares(address(tensors, tensor) + (<usize>from << 2), n));
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
