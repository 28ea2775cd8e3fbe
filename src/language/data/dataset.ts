import { NanobardError } from '../../engine/errors.ts';

export type Split = 'train' | 'validation';

/** What `batch` needs of a random generator: an integer of [0, high), drawn as `torch.randint` does. */
export interface RandomIntegers {
  randint(high: number): number;
}

/** The target of a position that does not count: the loss leaves it out. */
export const IGNORED_TARGET = -1;

/**
 * The tokens of a text, the first 90 % for training and the rest for validation, handed out as inputs x and
 * targets y of shape (B, T), where T = `blockSize` and y is x moved on by one token. B follows from the
 * length of the arrays that are to be filled, B · T.
 */
export class Dataset {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly blockSize: number;

  /** Throws NanobardError('file') when a split does not hold one block and the token after it. */
  constructor(tokens: Int32Array, blockSize: number) {
    const trainLength = Math.floor(0.9 * tokens.length); // the tutorial's int(0.9*len(data))
    this.train = tokens.subarray(0, trainLength);
    this.validation = tokens.subarray(trainLength);
    this.blockSize = blockSize;
    // The validation split is the shorter one wherever a block fits into it.
    if (this.validation.length <= blockSize) {
      throw new NanobardError(
        'file',
        `The text is too short for a block size of ${blockSize}: of its ${tokens.length} tokens the last ` +
          `${this.validation.length} are for validation, and ${blockSize + 1} are needed there`,
        {
          hint:
            `Use a text of at least ${10 * blockSize + 1} tokens (for a character tokenizer: characters) ` +
            'or a smaller block size.',
        },
      );
    }
  }

  /**
   * Fills x and y with random windows of a split. Draws what the tutorial's and nanoGPT's `get_batch` draws:
   * `torch.randint(len(data) - block_size, (batch_size,))`. Allocates nothing.
   */
  batch(split: Split, generator: RandomIntegers, x: Int32Array, y: Int32Array): void {
    const T = this.blockSize;
    const B = this.#batchSize(x, y);
    const data = this[split];
    for (let b = 0; b < B; b++) {
      const start = generator.randint(data.length - T);
      for (let t = 0; t < T; t++) {
        x[b * T + t] = data[start + t]!;
        y[b * T + t] = data[start + t + 1]!;
      }
    }
  }

  /**
   * One pass over a whole split, in order and without overlap, so that each token but the first is a target
   * once. Every step fills x and y and yields how many targets are real; the others, after the end of the
   * split, are `IGNORED_TARGET` (their inputs 0).
   */
  *windows(split: Split, x: Int32Array, y: Int32Array): Generator<number, void, void> {
    this.#batchSize(x, y);
    const data = this[split];
    const targets = data.length - 1;
    for (let start = 0; start < targets; start += x.length) {
      const real = Math.min(x.length, targets - start);
      for (let i = 0; i < real; i++) {
        x[i] = data[start + i]!;
        y[i] = data[start + i + 1]!;
      }
      x.fill(0, real);
      y.fill(IGNORED_TARGET, real);
      yield real;
    }
  }

  #batchSize(x: Int32Array, y: Int32Array): number {
    const batchSize = x.length / this.blockSize;
    if (y.length !== x.length || batchSize < 1 || !Number.isInteger(batchSize)) {
      throw new NanobardError(
        'argument',
        `x and y must both hold a whole number of blocks of ${this.blockSize}, not ${x.length} and ${y.length}`,
      );
    }
    return batchSize;
  }
}
