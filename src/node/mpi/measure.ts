import type { Communicator } from './communicator.ts';

/** How fast ranks add up what they hold. */
export interface Exchange {
  /** Seconds that sums of a single number take. */
  readonly latency: number;
  /** Bytes of a large array, of each rank, in a second. */
  readonly bandwidth: number;
}

const LARGE = 2 ** 20;

/** Sums one after another that are timed as one: a single one is over early for who came late. */
const CHAIN = 8;

/** Measures an idle job: all ranks call this. The fastest of several tries counts. */
export async function measureExchange(job: Communicator): Promise<Exchange> {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true }); // 4 MiB
  const fastest = async (length: number): Promise<number> => {
    const values = new Float32Array(memory.buffer, 0, length);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 4; i++) {
      const begin = performance.now();
      for (let j = 0; j < CHAIN; j++) await job.sum(values);
      best = Math.min(best, (performance.now() - begin) / CHAIN);
    }
    return best / 1000;
  };
  const latency = await fastest(1);
  return { latency, bandwidth: (4 * LARGE) / (await fastest(LARGE)) };
}
