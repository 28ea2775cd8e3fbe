import type { Peers } from '../language/train/peers.ts';

/**
 * Ranks that live in one process, for tests: what `Peers` promises, and nothing about how. None can add up while it works:
 * see `overlapping`.
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
 * The same, as ranks that can: what they are told is complete is theirs from then on. They add up what it was at that
 * moment, note how many groups were told of while work went on, and leave what it has been spoilt.
 */
export function overlapping(size: number): readonly (Peers & { readonly early: number[] })[] {
  return peersInProcess(size).map((peers) => {
    const early: number[] = [];
    const sumDuring: Peers['sumDuring'] = async (work, groups) => {
      const taken: Float32Array[][] = [];
      const take = (complete: number): void => {
        for (const group of groups.slice(taken.length, complete)) {
          taken.push(group.map((values) => values.slice()));
          for (const values of group) values.fill(Number.NaN);
        }
      };
      await work(take);
      early.push(taken.length);
      take(groups.length);
      for (const [i, group] of groups.entries()) {
        for (const [j, values] of group.entries()) {
          values.set(taken[i]![j]!);
          await peers.sum(values);
        }
      }
    };
    return { ...peers, early, sumDuring };
  });
}
