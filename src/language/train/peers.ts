import type { Device, Executable } from '../../engine/devices/device.ts';
import { neighbours } from '../../engine/devices/neighbours.ts';
import type { TypedArray } from '../../engine/tensor/dtype.ts';
import type { Variable } from '../../engine/tensor/tensor.ts';
import type { Share } from '../data/dataset.ts';

/**
 * The trainings that train one model together, each on its share of every batch. All of them call the same methods in
 * the same order, with arrays of the same lengths, and each call waits for all.
 */
export interface Peers extends Share {
  /** Replaces values by their sums over all ranks: the same bits everywhere, and in every run of as many ranks. */
  sum(values: Float32Array | Float64Array): Promise<void>;
  /** Fills `all` with what each rank holds, in the order of ranks: `all` is `size` times as long as `own`. */
  gather(own: TypedArray, all: TypedArray): Promise<void>;
  /**
   * Sums of variables that begin while `program`, which gives them their values, still computes others. They are in the
   * order of a model's layers. Undefined where ranks, or this device, can only do one after the other.
   */
  overlap?(program: Executable, device: Device, variables: readonly Variable[]): OverlappedSums | undefined;
}

/** For each sum: `open`, a run of the program, `finish`. Other runs are as ever. */
export interface OverlappedSums {
  /** What the next run completes is added up over all ranks, and nobody else reads or writes it until `finish`. */
  open(): Promise<void>;
  /** Adds up what the run has not completed, too, and waits for all. */
  finish(): Promise<void>;
}

/** A training that nobody helps. */
export const alone: Peers = {
  rank: 0,
  size: 1,
  sum: async () => {},
  gather: async (own, all) => all.set(own),
};

/** Adds up values of variables over all ranks, where they lie: those side by side at once. */
export function sumVariables(device: Device, variables: readonly Variable[], peers: Peers): Promise<void> {
  return device.alter(variables, async (values) => {
    const floats = values.filter((each) => each instanceof Float32Array);
    for (const range of neighbours(floats)) await peers.sum(range);
  });
}
