// A page that leaves the choice to `auto`: what it takes, and why, as the test reads it.

import { ShortMemo } from '../../src/engine/devices/memo.ts';
import { createDevice, planTraining, recipes } from '../../src/index.ts';

export interface Choice {
  readonly name: string;
  readonly reason: string;
  /** What was measured, of the CPU and of the GPU. */
  readonly speeds: readonly { readonly gflops: number; readonly msPerLaunch: number }[];
}

/** So that no time goes into finding tiles for a processor: those of the two products that are measured. */
const tiles = [768, 16].map((n) => [`1 × ${n} × ${n} by rows × ${n} by rows`, '32 × 32 / 4']);

/** Keeps the speeds that were measured where they can be looked at; or knows them already. */
class OpenMemo extends ShortMemo {
  speeds: string | undefined;

  constructor(speeds?: string) {
    super();
    this.speeds = speeds;
  }

  override async get(key: string): Promise<string | undefined> {
    return key.startsWith('speed of') ? this.speeds : JSON.stringify(tiles);
  }

  override async set(key: string, text: string): Promise<void> {
    if (key.startsWith('speed of')) this.speeds = text;
  }
}

const work = () => planTraining(recipes['shakespeare-char-cpu'].recipe, 65, 0);

async function choose(speeds?: string): Promise<Choice> {
  const memo = new OpenMemo(speeds);
  const device = await createDevice({ work, memo });
  const { name, notes } = device;
  await device.dispose();
  return { name, reason: notes.at(-1) ?? '', speeds: JSON.parse(memo.speeds ?? '[]') };
}

/** As the adapter is; and where it says that it is no software, by what is measured, and by what is told. */
async function main(): Promise<readonly Choice[]> {
  const plain = await choose();
  Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });
  const fast = JSON.stringify([
    { gflops: 1, msPerLaunch: 0.001 },
    { gflops: 1000, msPerLaunch: 0.001 },
  ]);
  return [plain, await choose(), await choose(fast)];
}

Object.assign(globalThis, { choices: main() });
