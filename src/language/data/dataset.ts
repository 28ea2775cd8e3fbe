import { NanobardError } from '../../engine/errors.ts';
import { Constant, Generator } from '../../engine/tensor/index.ts';

export type Split = 'train' | 'validation';

/** Inputs and targets, i32 (B, T) each. */
export type Batch = readonly [x: Constant, y: Constant];

/** Which part of a batch, or of a text, is one's own: of `size` equal parts the one of this number, from 0. */
export interface Share {
  readonly rank: number;
  readonly size: number;
}

/** Where training windows begin: at one of `places` places. A Generator draws them as `torch.randint` does. */
export interface WindowStarts {
  next(places: number): number;
}

/** The target of a position that does not count: the loss leaves it out. */
export const IGNORED_TARGET = -1;

/**
 * The tokens of a text, the first 90 % for training and the rest for validation, handed out as inputs x and
 * targets y of shape (B, T), where T = `blockSize` and y is x moved on by one token.
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
      const needed = `Use a text of at least ${10 * blockSize + 1} tokens (for a character tokenizer: characters)`;
      throw new NanobardError(
        'file',
        `The text is too short for a block size of ${blockSize}: of its ${tokens.length} tokens the last ` +
          `${this.validation.length} are for validation, and ${blockSize + 1} are needed there`,
        { hint: `${needed} or a smaller block size.` },
      );
    }
  }

  /**
   * `batchSize` windows of a split, as the tutorial's and nanoGPT's `get_batch` draw them:
   * `torch.randint(len(data) - block_size, (batch_size,))`.
   */
  batch(split: Split, batchSize: number, starts: WindowStarts | Generator): Batch {
    const batch = newBatch(batchSize, this.blockSize);
    this.fill(batch, split, starts);
    return batch;
  }

  /**
   * The same into a batch that there is already. Of several `ranks`, which draw from the same `starts`, each fills its
   * batch with its share of one that is as large as all of theirs.
   *
   * Returns where the windows of all ranks begin.
   */
  fill(
    batch: Batch,
    split: Split,
    starts: WindowStarts | Generator,
    { rank, size }: Share = { rank: 0, size: 1 },
  ): Int32Array {
    const B = batch[0].shape[0]!;
    const places = this[split].length - this.blockSize;
    const all = new Int32Array(B * size);
    for (let i = 0; i < all.length; i++)
      all[i] = starts instanceof Generator ? starts.randint(places) : starts.next(places);
    this.fillFrom(batch, split, all.subarray(rank * B));
    return all;
  }

  /** Fills a batch with the windows that begin at these places; nothing is allocated. */
  fillFrom([x, y]: Batch, split: Split, starts: ArrayLike<number>): void {
    const T = this.blockSize;
    const data = this[split];
    for (let b = 0; b < x.shape[0]!; b++) {
      const start = starts[b]!;
      for (let t = 0; t < T; t++) {
        x.data[b * T + t] = data[start + t]!;
        y.data[b * T + t] = data[start + t + 1]!;
      }
    }
  }
}

/** A batch of B windows of T tokens, to be filled. */
export function newBatch(B: number, T: number): Batch {
  return [new Constant(new Int32Array(B * T), [B, T]), new Constant(new Int32Array(B * T), [B, T])];
}

/**
 * One pass over tokens in order and without overlap, so that each but the first is a target once. Every turn fills
 * the batch and yields how many targets are real; the others, after the end, are `IGNORED_TARGET` (their inputs 0).
 */
export function* windows(tokens: Int32Array, [{ data: x }, { data: y }]: Batch): IterableIterator<number> {
  const targets = tokens.length - 1;
  for (let start = 0; start < targets; start += x.length) {
    const real = Math.min(x.length, targets - start);
    for (let i = 0; i < real; i++) {
      x[i] = tokens[start + i]!;
      y[i] = tokens[start + i + 1]!;
    }
    x.fill(0, real);
    y.fill(IGNORED_TARGET, real);
    yield real;
  }
}
