/** A small generator: a Weyl sequence through the 32-bit finalizer of MurmurHash3. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number of [0, sides). */
  roll(sides: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return Math.floor((((z ^ (z >>> 16)) >>> 0) / 2 ** 32) * sides);
  }

  chance(percent: number): boolean {
    return this.roll(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)]!;
  }

  /** The earlier in the list, the more often: the word frequencies of a language are far from equal. */
  pickEarly<T>(from: readonly T[]): T {
    return from[Math.min(this.roll(from.length), this.roll(from.length))]!;
  }
}
