import { address, first, float, int, sumOfSquares } from '../shared/kernel.wasm';

/** Elements whose squares are summed together. */
const BLOCK: i32 = 4096;

/** partials, blocks, then the address and size of each tensor. A block never spans two tensors. */
export function globalNormBlocks(args: usize, thread: i32, threads: i32): void {
  const partials = address(args, 0);
  const blocks = int(args, 1);
  const last = first(blocks, thread + 1, threads);
  let tensor = 2;
  let start = 0; // the first block of the tensor
  for (let block = first(blocks, thread, threads); block < last; block++) {
    while (start + (int(args, tensor + 1) + BLOCK - 1) / BLOCK <= block) {
      start += (int(args, tensor + 1) + BLOCK - 1) / BLOCK;
      tensor += 2;
    }
    const from = (block - start) * BLOCK;
    const n = min(BLOCK, int(args, tensor + 1) - from);
    store<f32>(partials + ((<usize>block) << 2), sumOfSquares(address(args, tensor) + ((<usize>from) << 2), n));
  }
}

/** partials, blocks, norm */
export function globalNorm(args: usize, thread: i32, threads: i32): void {
  if (thread != 0) return;
  const partials = address(args, 0);
  const blocks = int(args, 1);
  let sum: f64 = 0;
  for (let block = 0; block < blocks; block++) sum += load<f32>(partials + ((<usize>block) << 2));
  store<f32>(address(args, 2), <f32>sqrt<f64>(sum));
}

/** norm, scale, maxNorm */
export function clipScale(args: usize, thread: i32, threads: i32): void {
  if (thread != 0) return;
  store<f32>(address(args, 1), min<f32>(1, float(args, 2) / (load<f32>(address(args, 0)) + 1e-6)));
}
