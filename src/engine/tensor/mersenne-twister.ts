import { NanobardError } from '../errors.ts';

const STATE_SIZE = 624;
const SHIFT_SIZE = 397;
const MATRIX_A = 0x9908b0df;
const UPPER_MASK = 0x80000000;
const LOWER_MASK = 0x7fffffff;

/**
 * The 32-bit Mersenne Twister MT19937, period 2^19937 − 1.
 *
 * Source: Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
 * pseudo-random number generator", 1998; seeded as in their revision of 2002.
 */
export class MersenneTwister {
  /** The state vector; signed, so that all arithmetic stays in 32-bit integers. */
  private readonly words = new Int32Array(STATE_SIZE);
  /** How many words have been drawn since the last twist. */
  private index = STATE_SIZE;

  /** Starts over from `seed`, of which the low 32 bits count. */
  seed(seed: number): void {
    const { words } = this;
    words[0] = seed;
    for (let i = 1; i < STATE_SIZE; i++) {
      const previous = words[i - 1]!;
      words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
    this.index = STATE_SIZE;
  }

  /** The next 32 random bits, as an integer in [0, 2^32). */
  next(): number {
    if (this.index === STATE_SIZE) this.twist();
    let y = this.words[this.index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** The state vector (624 integers in [0, 2^32)) and how many of its words have been drawn (0 to 624). */
  getState(): { words: number[]; index: number } {
    return { words: Array.from(this.words, (word) => word >>> 0), index: this.index };
  }

  /** Restores what `getState` returned. Throws `argument` if it cannot be such a state. */
  setState(words: readonly number[], index: number): void {
    const isIndex = Number.isInteger(index) && index >= 0 && index <= STATE_SIZE;
    if (!isIndex || words.length !== STATE_SIZE || !words.every((word) => word === word >>> 0)) {
      throw new NanobardError(
        'argument',
        `this is not the state of a generator: it must have ${STATE_SIZE} words of 32 bits and an index from 0 to ${STATE_SIZE}`,
        { hint: 'Pass an unchanged result of Generator.getState().' },
      );
    }
    this.words.set(words);
    this.index = index;
  }

  private twist(): void {
    const { words } = this;
    for (let i = 0; i < STATE_SIZE; i++) {
      const next = i + 1 < STATE_SIZE ? i + 1 : 0;
      const shifted = i + SHIFT_SIZE < STATE_SIZE ? i + SHIFT_SIZE : i + SHIFT_SIZE - STATE_SIZE;
      const y = (words[i]! & UPPER_MASK) | (words[next]! & LOWER_MASK);
      words[i] = words[shifted]! ^ (y >>> 1) ^ (y & 1 ? MATRIX_A : 0);
    }
    this.index = 0;
  }
}
