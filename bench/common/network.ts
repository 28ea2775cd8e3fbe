// A model of what a network costs ranks that train together.
import { BUCKET_BYTES } from '../../src/language/train/buckets.ts';

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

/** Of a step's floating-point operations, 2 of 3 are the backward pass's. Kaplan et al., "Scaling Laws", 2020, §2.1. */
const BACKWARD = 2 / 3;

/** What ranks add up in each step. */
export interface Gradients {
  readonly bytes: number;
  /** Of those that the backward pass completes last: the table of embeddings. */
  readonly last: number;
}

/**
 * Seconds that a step of N ranks takes, of which `compute` are one's. Sums begin when a backward pass at an even pace has
 * filled a bucket, and go on beside it, of buckets under way at once: what it does not hide is left, and in any case the
 * last bucket's. Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", 2020, §3.2.3. That
 * sums need the processor, too, and get on only between instructions, is not in the model.
 */
export function stepTime(
  compute: number,
  ranks: number,
  gradients: Gradients,
  network: Omit<Network, 'name'>,
): number {
  const { bytes } = gradients;
  const first = Math.min(bytes, BUCKET_BYTES);
  const last = Math.min(bytes, Math.max(gradients.last, BUCKET_BYTES));
  const hidden = BACKWARD * compute * (1 - first / bytes);
  return compute + Math.max(exchange(ranks, last, network), exchange(ranks, bytes, network) - hidden);
}
