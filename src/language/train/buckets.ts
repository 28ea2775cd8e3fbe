import type { Device, Executable } from '../../engine/devices/device.ts';
import { neighbours } from '../../engine/devices/neighbours.ts';
import type { Variable } from '../../engine/tensor/tensor.ts';
import type { OverlappedSums } from './peers.ts';

/** Sums over all ranks that go on while this thread computes. All ranks begin the same ones in the same order. */
export interface PendingSums {
  /** Begins what `Peers.sum` does: until `finish` the values are neither read nor written here. */
  begin(values: Float32Array): void;
  /** Lets them go on: nothing else does, while this thread computes. */
  progress(): void;
  /** Waits until all are there. */
  finish(): Promise<void>;
}

/** What is added up at once, when none of it is missing any more. */
interface Bucket {
  readonly values: readonly Float32Array[];
  readonly missing: Set<Variable>;
}

/** Bytes that are worth a sum of their own: 4 ms over 1 Gbit/s, many times what a message takes by itself. */
export const BUCKET_BYTES = 2 ** 19;

/**
 * `Peers.overlap`: gradients in buckets, those of the last layers first. A backward pass completes these first, and their
 * sums begin while it goes on. Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", 2020,
 * §3.2.3.
 */
export function overlapInBuckets(
  pending: PendingSums,
  program: Executable,
  device: Device,
  variables: readonly Variable[],
): OverlappedSums | undefined {
  if (!program.pause) return undefined;
  const buckets = bucketsOf(variables);
  let waiting: Bucket[] = [];
  const begin = ({ values }: Bucket): void => {
    for (const range of values) pending.begin(range);
  };
  program.pause((completed) => {
    for (const { missing } of waiting) for (const variable of completed) missing.delete(variable);
    while (waiting[0]?.missing.size === 0) begin(waiting.shift()!);
    pending.progress();
  });
  return {
    async open() {
      waiting = await Promise.all(
        buckets.map(async (bucket) => {
          const views = await Promise.all(bucket.map((variable) => device.view(variable)));
          const floats = views.filter((values) => values instanceof Float32Array);
          return { values: neighbours(floats), missing: new Set(bucket) };
        }),
      );
    },
    finish() {
      for (const bucket of waiting.splice(0)) begin(bucket);
      return pending.finish();
    },
  };
}

/** From the last to the first, `BUCKET_BYTES` or more together, but for the rest. */
function bucketsOf(variables: readonly Variable[]): Variable[][] {
  const buckets: Variable[][] = [];
  let bytes = BUCKET_BYTES;
  for (const variable of variables.toReversed()) {
    if (bytes >= BUCKET_BYTES) {
      buckets.push([]);
      bytes = 0;
    }
    buckets.at(-1)!.push(variable);
    bytes += Float32Array.BYTES_PER_ELEMENT * variable.size;
  }
  return buckets;
}
