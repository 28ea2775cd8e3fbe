import { matmul } from '../ops/matmul/matmul.ts';
import { compile } from '../program/compile.ts';
import { Variable } from '../tensor/tensor.ts';
import type { Device } from './device.ts';

/**
 * Speed of a product of two square matrices, in GFLOP/s, and whether it came out right: what a device can do,
 * and a check that it works.
 */
export async function measurePeak(device: Device, size = 768): Promise<{ gflops: number; correct: boolean }> {
  const numbers = Float32Array.from({ length: size ** 2 }, (_, i) => i % 1000);
  const twice = Float32Array.from({ length: size ** 2 }, (_, i) => (i % (size + 1) === 0 ? 2 : 0));
  const factors = [numbers, twice].map((initial) => new Variable([size, size], { initial }));
  const program = await device.load(compile({ outputs: { product: matmul(factors[0]!, factors[1]!) } }));
  try {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      const times = await program.profile(); // waits until the device is done
      best = Math.min(
        best,
        times.reduce((sum, ms) => sum + ms),
      );
    }
    const product = await program.read('product');
    return {
      gflops: (2 * size ** 3) / best / 1e6,
      correct: numbers.every((value, i) => product[i] === 2 * value),
    };
  } finally {
    program.dispose();
    device.release(factors);
  }
}
