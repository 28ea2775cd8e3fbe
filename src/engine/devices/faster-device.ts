import { matmul } from '../ops/matmul/matmul.ts';
import { compile } from '../program/compile.ts';
import { Variable } from '../tensor/tensor.ts';
import type { Device } from './device.ts';
import type { GpuDevice } from './known.ts';
import type { Memo } from './memo.ts';
import { measurePeak } from './peak.ts';

/** What a device takes for a program: something for each kernel that it starts, and for the work. */
interface Speed {
  readonly gflops: number;
  readonly msPerLaunch: number;
}

/** Kernels of a training step; models of 4 to 6 layers have 181 to 381. */
const LAUNCHES = 250;
const CHAIN = 64;

/**
 * Which of two devices takes less time for a step of `work` floating-point operations, by what they did in a short
 * measurement: that is made once, and `memo` keeps it.
 */
export async function fasterDevice(cpu: Device, gpu: GpuDevice, work: number, memo: Memo): Promise<Device> {
  const key = `speed of ${gpu.adapter.name} beside ${cpu.threads} threads of ${cpu.name}`;
  let speeds = parse(await memo.get(key));
  if (!speeds) {
    speeds = [await speedOf(cpu), await speedOf(gpu)];
    await memo.set(key, JSON.stringify(speeds));
  }
  const [onCpu, onGpu] = speeds.map(
    ({ gflops, msPerLaunch }) => LAUNCHES * msPerLaunch + work / gflops / 1e6,
  ) as [number, number];
  return onGpu < onCpu ? gpu : cpu;
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
