import { overlapInBuckets, type PendingSums } from '../language/train/buckets.ts';
import type { Peers } from '../language/train/peers.ts';

/**
 * Ranks that live in one process, for tests: what `Peers` promises, and nothing about how. They can only wait for each
 * other; see `overlapping`.
 */
export function peersInProcess(size: number): readonly Peers[] {
  let arrived: { readonly values: unknown; readonly go: () => void }[] = [];
  let sent = 0;
  /** Waits for all ranks; the last of them does the work for all. */
  const meet = async <T>(rank: number, values: T, work: (all: readonly T[]) => void): Promise<void> => {
    const waits = new Promise<void>((go) => {
      arrived[rank] = { values, go };
    });
    if (++sent === size) {
      const all = arrived;
      [arrived, sent] = [[], 0];
      work(all.map((each) => each.values as T));
      for (const { go } of all) go();
    }
    return waits;
  };
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    sum: (values) =>
      meet(rank, values, (all) => {
        for (let i = 0; i < values.length; i++) {
          const sum = all.reduce((total, each) => total + each[i]!, 0);
          for (const each of all) each[i] = sum;
        }
      }),
    gather: (own, all) =>
      meet(rank, { own, all }, (pairs) => {
        for (const { all: into } of pairs)
          for (const [from, pair] of pairs.entries()) into.set(pair.own, from * pair.own.length);
      }),
  }));
}

/**
 * The same with sums that begin while others compute: of what values are at that moment, which are spoilt until all is
 * done. `begun` tells of each step how often the program paused from the first of its sums on until each began.
 */
export function overlapping(size: number): readonly (Peers & { readonly begun: number[][] })[] {
  return peersInProcess(size).map((peers) => {
    const begun: number[][] = [];
    let pauses = 0;
    let sums: { readonly values: Float32Array; readonly taken: Float32Array }[] = [];
    const pending: PendingSums = {
      begin: (values) => {
        if (sums.length === 0) {
          begun.push([]);
          pauses = 0;
        }
        begun.at(-1)!.push(pauses);
        sums.push({ values, taken: values.slice() });
        values.fill(Number.NaN);
      },
      progress: () => void pauses++,
      finish: async () => {
        for (const { values, taken } of sums) {
          values.set(taken);
          await peers.sum(values);
        }
        sums = [];
      },
    };
    return { ...peers, begun, overlap: (...what) => overlapInBuckets(pending, ...what) };
  });
}
