import { add } from '../ops/elementwise/elementwise.ts';
import { matmul } from '../ops/matmul/matmul.ts';
import { compile } from '../program/compile.ts';
import { BYTES_PER_ELEMENT } from '../tensor/dtype.ts';
import { Variable } from '../tensor/tensor.ts';
import type { Device, Executable } from './device.ts';

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
    const best = await shortest(program);
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

/** Speed of memory, in GB/s: of reading a vector of so many numbers and writing as many. */
export async function measureBandwidth(device: Device, size = 2 ** 24): Promise<number> {
  const vector = new Variable([size], { initial: new Float32Array(size) });
  const program = await device.load(compile({ outputs: { sum: add(vector, 1) } }));
  try {
    return (2 * BYTES_PER_ELEMENT * size) / (await shortest(program)) / 1e6;
  } finally {
    program.dispose();
    device.release([vector]);
  }
}

/** The milliseconds of the fastest of five runs. */
async function shortest(program: Executable): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const times = await program.profile(); // waits until the device is done
    best = Math.min(
      best,
      times.reduce((sum, ms) => sum + ms),
    );
  }
  return best;
}
