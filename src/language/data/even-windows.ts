import { Generator } from '../../engine/tensor/generator.ts';
import type { WindowStarts } from './dataset.ts';

/** The golden ratio's fraction: of all numbers the one whose multiples, modulo 1, keep most evenly apart. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Starts of windows that cover a text evenly: side by side without overlap, in steps of about the golden ratio of
 * the text, so that a batch comes from everywhere; each once before any again, and moved a little for the next pass.
 * In one pass, windows drawn at random would show a third of the text never and a quarter more than once.
 */
export class EvenWindows implements WindowStarts {
  private readonly blockSize: number;
  private readonly phase: number;
  private drawn = 0;

  constructor(seed: number, blockSize: number) {
    this.blockSize = blockSize;
    this.phase = new Generator(seed).randint(2 ** 31) / 2 ** 31;
  }

  next(places: number): number {
    const windows = Math.max(1, Math.floor(places / this.blockSize));
    const pass = Math.floor(this.drawn / windows);
    const offset = Math.floor(((this.phase + pass * GOLDEN) % 1) * Math.min(places, this.blockSize));
    const window = (Math.floor(this.phase * windows) + (this.drawn % windows) * strideFor(windows)) % windows;
    this.drawn++;
    return offset + window * this.blockSize;
  }

  /** How many windows have been handed out: all that windows of the same seed need to go on. */
  getState(): { readonly drawn: number } {
    return { drawn: this.drawn };
  }

  setState({ drawn }: { readonly drawn: number }): void {
    this.drawn = drawn;
  }
}

/** The whole number next to the golden ratio of `n` whose multiples, modulo `n`, are all of 0 … n − 1. */
function strideFor(n: number): number {
  let stride = Math.max(1, Math.round(GOLDEN * n));
  while (greatestCommonDivisor(stride, n) > 1) stride++;
  return stride;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
