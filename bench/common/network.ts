// A model of what a network costs ranks that train together.

export interface Network {
  readonly name: string;
  /** GB/s. */
  readonly bandwidth: number;
  /** µs from one rank to another. */
  readonly latency: number;
}

/**
 * Seconds that N ranks take to sum so many bytes each: around a ring, 2 (N − 1) messages of 1/N of them.
 * Patarasuk & Yuan, "Bandwidth optimal all-reduce algorithms", 2009.
 */
export function exchange(
  ranks: number,
  bytes: number,
  { bandwidth, latency }: Omit<Network, 'name'>,
): number {
  return 2 * (ranks - 1) * (bytes / ranks / (bandwidth * 1e9) + latency / 1e6);
}
