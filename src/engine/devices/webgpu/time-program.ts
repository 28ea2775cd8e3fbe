import type { PlacedProgram } from '../../program/program.ts';
import { encode } from './encode.ts';
import { type Means, prepare, type Step } from './prepare.ts';

/** Long beside what browsers' clocks resolve, which is a tenth of a millisecond. */
const LONG_MS = 4;
const TRIES = 3;

/** The milliseconds that a program without variables and inputs takes: the shortest of a few tries. */
export async function timeProgram(program: PlacedProgram, means: Means): Promise<number> {
  const { steps, buffers } = await prepare(program, [], means);
  try {
    const dispatches = steps.flat();
    await time(means.memory.device, dispatches, 1); // the first run compiles on some adapters
    const once = await time(means.memory.device, dispatches, 1);
    const times = Math.max(1, Math.min(100, Math.round(LONG_MS / once)));
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < TRIES; i++)
      shortest = Math.min(shortest, await time(means.memory.device, dispatches, times));
    return shortest / times;
  } finally {
    buffers.destroy();
  }
}

async function time(device: GPUDevice, steps: readonly Step[], times: number): Promise<number> {
  const encoder = device.createCommandEncoder();
  for (let i = 0; i < times; i++) encode(encoder, steps);
  const commands = encoder.finish();
  const begin = performance.now();
  device.queue.submit([commands]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - begin;
}
