import { matmul } from '../../ops/matmul/matmul.ts';
import { compile } from '../../program/compile.ts';
import { Variable } from '../../tensor/tensor.ts';
import type { Device, Executable } from '../device.ts';
import { joinsVectors } from './host.ts';
import { hasRelaxedSimd, hasWide, type SimdLevel } from './simd.ts';

/** Side of the square matrices that builds are timed with: a product takes a quarter of a millisecond. */
const SIZE = 192;
const TURNS = 20;

type Create = (simd: SimdLevel) => Promise<Device>;

let measured: Promise<SimdLevel> | undefined;

/**
 * The instruction set that is fastest here. Whether joined vectors are is measured, once a process, in about 20 ms:
 * a processor that runs 256 bits as two halves, such as AMD's Zen 1, is slower with them. A failure is not remembered.
 */
export async function bestSimd(create: Create): Promise<SimdLevel> {
  if (!(await hasRelaxedSimd())) return 'simd128';
  if (!(hasWide && joinsVectors())) return 'relaxed';
  measured ??= fasterOf('wide', 'relaxed', create).catch((error: unknown) => {
    measured = undefined;
    throw error;
  });
  return measured;
}

/** Which of two builds multiplies matrices faster. They take turns, so that a machine that slows down slows both. */
export async function fasterOf(a: SimdLevel, b: SimdLevel, create: Create): Promise<SimdLevel> {
  const matrix = new Variable([SIZE, SIZE]);
  const product = compile({ outputs: { product: matmul(matrix, matrix) } });
  const builds: { simd: SimdLevel; program: Executable; ms: number }[] = [];
  const devices: Device[] = [];
  try {
    for (const simd of [a, b]) {
      const device = await create(simd);
      devices.push(device);
      builds.push({ simd, program: await device.load(product), ms: Number.POSITIVE_INFINITY });
    }
    for (let turn = 0; turn < TURNS; turn++) {
      for (const build of builds) {
        const begin = performance.now();
        await build.program.run();
        build.ms = Math.min(build.ms, performance.now() - begin);
      }
    }
  } finally {
    for (const device of devices) await device.dispose();
  }
  return builds.reduce((best, build) => (build.ms < best.ms ? build : best)).simd;
}
