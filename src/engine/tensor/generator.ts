import { NanobardError } from '../errors.ts';
import { boxMuller16 } from './box-muller.ts';
import { MersenneTwister } from './mersenne-twister.ts';

/** Everything that a generator remembers: plain data that survives JSON. */
export interface GeneratorState {
  /** The 624 words of the Mersenne Twister, integers in [0, 2^32). */
  readonly words: readonly number[];
  /** How many of the words have been drawn, 0 to 624. */
  readonly index: number;
  /** The second number of the last pair of `normal` when only the first was handed out (float64). */
  readonly nextNormal: number | null;
}

/**
 * Random numbers on the host, the same that PyTorch's CPU generator gives: after the same seed the same
 * calls return the same bits and leave the same state.
 *
 * Held against PyTorch 1.13 on x86-64 with AVX2. Where its versions and machines differ:
 * - Without AVX2 (ARM, `ATEN_CPU_CAPABILITY=default`) PyTorch rounds `normal` from 16 numbers on, and
 *   `uniform` other than `rand`, differently: last bits differ, the stream does not.
 * - `randint` over 2^28 or more integers takes 64 random bits since PyTorch 2.7, 32 before and here.
 * - `exponential` and `multinomial` come from another generator in some releases between 1.13 and 2.7
 *   that are built with MKL; before and after them they are drawn as here.
 *
 * JavaScript's float64 `log`, `sin` and `cos` may differ from the C library's in the last bits, which shows
 * in a float32 about once in 2^29 numbers of `exponential`, or of `normal` when fewer than 16 are drawn.
 */
export class Generator {
  private readonly engine = new MersenneTwister();
  private nextNormal: number | undefined;

  /** `seed` as in `manualSeed`. */
  constructor(seed: number | bigint) {
    this.manualSeed(seed);
  }

  /** A generator that goes on where the one whose state this is stood. */
  static fromState(state: GeneratorState): Generator {
    const generator = new Generator(0);
    generator.setState(state);
    return generator;
  }

  /** Starts over from a seed: any integer of 64 bits, of which, as in PyTorch, the low 32 count. */
  manualSeed(seed: number | bigint): this {
    const valid =
      typeof seed === 'bigint' ? seed >= -(2n ** 63n) && seed < 2n ** 64n : Number.isSafeInteger(seed);
    if (!valid) {
      throw new NanobardError('argument', `the seed ${seed} is not an integer of 64 bits`, {
        hint: 'Choose a whole number such as 1337; from 2^53 on write it as a bigint.',
      });
    }
    this.engine.seed(Number(BigInt.asUintN(32, BigInt(seed))));
    this.nextNormal = undefined;
    return this;
  }

  getState(): GeneratorState {
    return { ...this.engine.getState(), nextNormal: this.nextNormal ?? null };
  }

  /** Restores what `getState` returned. Throws `argument` if words or index cannot be such a state. */
  setState(state: GeneratorState): void {
    this.engine.setState(state.words, state.index);
    this.nextNormal = state.nextNormal ?? undefined;
  }

  /** One integer in [0, high), 1 ≤ high ≤ 2^31. */
  randint(high: number): number;
  /** `size` integers in [low, high); both bounds fit in 32 bits with sign. */
  randint(low: number, high: number, size: number): Int32Array;
  randint(lowOrHigh: number, high?: number, size?: number): number | Int32Array {
    if (high === undefined || size === undefined) {
      return this.engine.next() % integerRange(0, lowOrHigh);
    }
    const range = integerRange(lowOrHigh, high);
    const result = new Int32Array(checkSize(size));
    for (let i = 0; i < size; i++) result[i] = (this.engine.next() % range) + lowOrHigh;
    return result;
  }

  /** A random order of the integers 0 to size − 1 (Fisher and Yates; Durstenfeld 1964). */
  randperm(size: number): Int32Array {
    const result = Int32Array.from({ length: checkSize(size) }, (_, i) => i);
    for (let i = 0; i < size - 1; i++) {
      const j = i + (this.engine.next() % (size - i));
      const swapped = result[i]!;
      result[i] = result[j]!;
      result[j] = swapped;
    }
    return result;
  }

  /** `size` float32 numbers, uniform in [0, 1): multiples of 2^−24. */
  rand(size: number): Float32Array {
    return this.uniform(size, 0, 1);
  }

  /** `size` float32 numbers, uniform in [low, high). */
  uniform(size: number, low: number, high: number): Float32Array {
    const from = Math.fround(low);
    const range = Math.fround(Math.fround(high) - from);
    if (!(range >= 0 && range < Infinity)) {
      throw new NanobardError('argument', `uniform: there are no numbers between ${low} and ${high}`, {
        hint: 'Give finite bounds, the lower one first.',
      });
    }
    const result = new Float32Array(checkSize(size));
    for (let i = 0; i < size; i++) result[i] = this.uniform24() * 2 ** -24 * range + from;
    return result;
  }

  /** `size` float32 numbers, normal with mean 0 and standard deviation 1. */
  randn(size: number): Float32Array {
    return this.normal(size, 0, 1);
  }

  /**
   * `size` float32 numbers, normal with the given mean and standard deviation, by the transform of Box
   * and Muller (1958): in float64, one at a time, below 16; in float32 and blocks of 16 from there on.
   */
  normal(size: number, mean: number, std: number): Float32Array {
    if (!(Number.isFinite(mean) && std >= 0 && std < Infinity)) {
      throw new NanobardError('argument', `normal: no distribution has mean ${mean} and deviation ${std}`, {
        hint: 'Give a finite mean and a finite standard deviation that is not negative.',
      });
    }
    const result = new Float32Array(checkSize(size));
    if (size < 16) {
      for (let i = 0; i < size; i++) result[i] = this.standardNormal() * std + mean;
      return result;
    }
    const mean32 = Math.fround(mean);
    const std32 = Math.fround(std);
    for (let i = 0; i < size; i++) result[i] = this.uniform24();
    for (let i = 0; i + 16 <= size; i += 16) boxMuller16(result, i, mean32, std32);
    if (size % 16 !== 0) {
      // The last 16 are drawn anew, over the end of the last whole block.
      for (let i = size - 16; i < size; i++) result[i] = this.uniform24();
      boxMuller16(result, size - 16, mean32, std32);
    }
    return result;
  }

  /** `size` float32 numbers, exponentially distributed with rate 1. */
  exponential(size: number): Float32Array {
    const result = new Float32Array(checkSize(size));
    for (let i = 0; i < size; i++) result[i] = -Math.log(1 - this.uniform53());
    return result;
  }

  /**
   * One category for each row of `probabilities` (rows, cols), as `torch.multinomial(probs, 1)` draws it.
   * Rows need not sum to 1. The largest p/q, with q exponential, falls on a category in proportion to its
   * p: an exponential race, the Gumbel-max trick without logarithms.
   *
   * Throws `argument` for a probability that is negative or not finite and for a row of zeros.
   */
  multinomial(probabilities: Float32Array, rows: number, cols: number): Int32Array {
    if (probabilities.length !== rows * cols) {
      throw new NanobardError(
        'argument',
        `multinomial: ${probabilities.length} probabilities do not make ${rows} rows of ${cols}`,
      );
    }
    checkProbabilities(probabilities, cols);
    const q = this.exponential(rows * cols);
    const result = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      let best = -1;
      for (let col = 0; col < cols; col++) {
        const i = row * cols + col;
        const ratio = Math.fround(probabilities[i]! / q[i]!);
        if (ratio > best) {
          best = ratio;
          result[row] = col;
        }
      }
    }
    return result;
  }

  /** A uniform integer in [0, 2^24): the mantissa of a float32. */
  private uniform24(): number {
    return this.engine.next() & 0xffffff;
  }

  /** A uniform float64 in [0, 1), a multiple of 2^−53. */
  private uniform53(): number {
    const high = this.engine.next() & 0x1fffff;
    return (high * 2 ** 32 + this.engine.next()) * 2 ** -53;
  }

  /** A float64 number from N(0, 1). They come in pairs; the second waits for the next call. */
  private standardNormal(): number {
    if (this.nextNormal !== undefined) {
      const result = this.nextNormal;
      this.nextNormal = undefined;
      return result;
    }
    const theta = 2 * Math.PI * this.uniform53();
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform53()));
    this.nextNormal = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }
}

function checkSize(size: number): number {
  if (Number.isInteger(size) && size >= 0 && size < 2 ** 32) return size;
  throw new NanobardError('argument', `${size} is not a number of random numbers`, {
    hint: 'Ask for a whole number of them, 0 or more.',
  });
}

function integerRange(low: number, high: number): number {
  const valid = Number.isInteger(low) && Number.isInteger(high) && low >= -(2 ** 31) && high <= 2 ** 31;
  if (valid && low < high && high - low < 2 ** 32) return high - low;
  throw new NanobardError(
    'argument',
    `randint: there are no 32-bit integers from ${low} up to below ${high}`,
    {
      hint: 'Give whole bounds with low < high.',
    },
  );
}

function checkProbabilities(probabilities: Float32Array, cols: number): void {
  for (let start = 0; start < probabilities.length; start += cols) {
    let sum = 0;
    for (let i = start; i < start + cols; i++) {
      const p = probabilities[i]!;
      if (!(p >= 0 && p < Infinity)) {
        throw new NanobardError('argument', `multinomial: row ${start / cols} has the probability ${p}`, {
          hint: 'Probabilities are finite and not negative; a NaN usually means that training diverged.',
        });
      }
      sum += p;
    }
    if (sum === 0) {
      throw new NanobardError('argument', `multinomial: all probabilities of row ${start / cols} are 0`);
    }
  }
}
