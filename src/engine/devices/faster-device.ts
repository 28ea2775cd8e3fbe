import { matmul } from '../ops/matmul/matmul.ts';
import { compile } from '../program/compile.ts';
import { Variable } from '../tensor/tensor.ts';
import type { CpuDevice } from './cpu/cpu-device.ts';
import type { Device } from './device.ts';
import type { GpuDevice } from './known.ts';
import type { Memo } from './memo.ts';
import { measurePeak } from './peak.ts';

/** What a device takes for a program: something for each kernel that it starts, and for the work. */
interface Speed {
  readonly gflops: number;
  readonly msPerLaunch: number;
}

/** What a training step, or one run of whatever a device is for, amounts to. */
export interface Work {
  /** Floating-point operations. */
  readonly flopsPerStep: number;
  /** Each of them starts a kernel, on a GPU here and there a second: 6 to 421, and 10 to 494 dispatches, in our recipes. */
  readonly instructionsPerStep: number;
}

const CHAIN = 64;

/**
 * Which of two devices takes less time for a step, by what they did in a short measurement: that is made once, and `memo`
 * keeps it. And the reason, in a sentence.
 */
export async function fasterDevice(
  cpu: CpuDevice,
  gpu: GpuDevice,
  { flopsPerStep, instructionsPerStep }: Work,
  memo: Memo,
): Promise<readonly [faster: Device, reason: string]> {
  const { threads, simd, blas = 'no BLAS' } = cpu;
  const key = `speed of ${gpu.adapter.name} beside ${threads} threads of ${simd} and ${blas}`;
  let speeds = parse(await memo.get(key));
  if (!speeds) {
    speeds = [await speedOf(cpu), await speedOf(gpu)];
    await memo.set(key, JSON.stringify(speeds));
  }
  const [onCpu, onGpu] = speeds.map(
    ({ gflops, msPerLaunch }) => instructionsPerStep * msPerLaunch + flopsPerStep / gflops / 1e6,
  ) as [number, number];
  const faster = onGpu < onCpu ? gpu : cpu;
  const [cpuMs, gpuMs] = [onCpu, onGpu].map((ms) => ms.toPrecision(2));
  const times = `about ${cpuMs} ms on ${cpu.name}, ${gpuMs} ms on ${gpu.adapter.name}`;
  return [faster, `auto takes ${faster.name}: by what was measured here, a step takes ${times}.`];
}

async function speedOf(device: Device): Promise<Speed> {
  const { gflops, correct } = await measurePeak(device);
  return { gflops: correct ? gflops : 0, msPerLaunch: await measureLaunch(device) };
}

/** Milliseconds for each of many small kernels in one run. */
async function measureLaunch(device: Device): Promise<number> {
  const small = new Variable([16, 16], { initial: new Float32Array(256) });
  let value = matmul(small, small);
  for (let i = 1; i < CHAIN; i++) value = matmul(value, small);
  const program = await device.load(compile({ outputs: { value } }));
  try {
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      const begin = performance.now();
      await program.run();
      await program.read('value'); // waits until the device is done
      shortest = Math.min(shortest, performance.now() - begin);
    }
    return shortest / CHAIN;
  } finally {
    program.dispose();
    device.release([small]);
  }
}

/** What was remembered, if it can be read. */
function parse(text: string | undefined): readonly Speed[] | undefined {
  let speeds: unknown;
  try {
    speeds = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  return Array.isArray(speeds) && speeds.length === 2 && speeds.every(isSpeed) ? speeds : undefined;
}

function isSpeed(value: unknown): value is Speed {
  const speed: Partial<Speed> = Object(value);
  return [speed.gflops, speed.msPerLaunch].every((n) => typeof n === 'number' && n >= 0);
}
