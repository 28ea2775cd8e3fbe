import { Generator } from '../tensor/generator.ts';
import type { RandomIntegers } from './dataset.ts';

/** The golden ratio's fraction: of all numbers the one whose multiples, modulo 1, keep most evenly apart. */
const STEP = (Math.sqrt(5) - 1) / 2;

/**
 * Integers of [0, high) that are spread evenly instead of drawn at random (Kronecker's sequence): however many
 * windows of a text have been taken, no place was left out for long. In one pass over a text random windows miss
 * a third of it, these next to nothing.
 */
export class EvenSequence implements RandomIntegers {
  private readonly start: number;
  private drawn = 0;

  constructor(seed: number) {
    this.start = new Generator(seed).randint(2 ** 31) / 2 ** 31;
  }

  randint(high: number): number {
    const fraction = (this.start + STEP * this.drawn++) % 1;
    return Math.floor(fraction * high);
  }

  /** Everything that a sequence of the same seed needs to go on: plain data. */
  getState(): EvenSequenceState {
    return { drawn: this.drawn };
  }

  setState({ drawn }: EvenSequenceState): void {
    this.drawn = drawn;
  }
}

export interface EvenSequenceState {
  /** How many numbers have been handed out. */
  readonly drawn: number;
}
