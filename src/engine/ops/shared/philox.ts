// Random numbers that need no state: the k-th number is a function of k. Dropout draws its masks so, which
// makes them the same on every device and lets the backward pass draw them again.

import { requireTensors, sameShape, shapeError, type Tensor } from '../../tensor/index.ts';

type Words4 = readonly [number, number, number, number];

/**
 * Philox4x32-10: four random words of 32 bits from a counter of four and a key of two (all unsigned).
 * Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011, §4.
 */
export function philox(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The upper 32 bits of the product of two 32-bit words, by halves of 16 bits. */
function multiplyHigh(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32
  const carry = aLow * bHigh + (middle & 0xffff); // below 2^32
  return aHigh * bHigh + (middle >>> 16) + (carry >>> 16);
}

/**
 * Factors of elements 4·block … 4·block + 3 of `row` under dropout: 0 with probability p, else 1 / (1 − p),
 * for p rounded to float32, as kernels see it. A word below ⌊p · 2^32⌋ drops its element. `key` is the seed's
 * two halves and the step.
 */
export function dropMask(
  block: number,
  row: number,
  site: number,
  key: ArrayLike<number>,
  p: number,
): number[] {
  const words = philox([block, row, site, key[2]!], [key[0]!, key[1]!]);
  const share = Math.fround(p);
  const threshold = Math.floor(share * 2 ** 32);
  return words.map((word) => (word < threshold ? 0 : 1 / (1 - share)));
}

/** Fails with code `shape` unless `key` is one of `dropMask`. */
export function requireKey(op: string, key: Tensor): void {
  requireTensors(op, [key]);
  if (!sameShape(key.shape, [3]) || key.dtype !== 'i32')
    throw shapeError(op, 'key must be i32 (3): seed low, seed high, step', key.shape);
}

let sites = 0;

/**
 * A number for one more place in a model that draws random numbers: see `Operation.site`. A gradient carries its
 * operation's site, and so draws the same mask.
 */
export function newSite(): number {
  return sites++;
}

/** How kernels of GPUs are told of dropout with probability `p`: see `dropMask`, which this follows. */
export function dropConstants(
  p: number,
  site: number,
): { SITE: number; DROP_BELOW: number; KEEP_SCALE: number } {
  const share = Math.fround(p);
  return { SITE: site, DROP_BELOW: Math.floor(share * 2 ** 32), KEEP_SCALE: 1 / (1 - share) };
}
