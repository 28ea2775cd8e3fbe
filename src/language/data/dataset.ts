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

/** Tokens wherever they lie: an Int32Array, or a file that is read by position. */
export interface Tokens {
  readonly length: number;
  /** The tokens from `start` up to `end`, not to be written to. */
  subarray(start: number, end: number): Int32Array;
}

/** The two parts of a text. */
export interface Splits<T extends Tokens = Tokens> {
  readonly train: T;
  readonly validation: T;
}

/** Where training windows begin: at one of `places` places. A Generator draws them as `torch.randint` does. */
export interface WindowStarts {
  next(places: number): number;
}

/** The target of a position that does not count: the loss leaves it out. */
export const IGNORED_TARGET = -1;

/**
 * The tokens of a text for training and for validation, handed out as inputs x and targets y of shape (B, T), where
 * T = `blockSize` and y is x moved on by one token.
 */
export class Dataset implements Splits {
  readonly train: Tokens;
  readonly validation: Tokens;
  readonly blockSize: number;

  /**
   * Of the tokens of one text the first 90 % are for training and the rest for validation.
   *
   * Throws NanobardError('file') when a split does not hold one block and the token after it.
   */
  constructor(tokens: Int32Array | Splits, blockSize: number) {
    const { train, validation } = tokens instanceof Int32Array ? split(tokens) : tokens;
    this.train = train;
    this.validation = validation;
    this.blockSize = blockSize;
    const [name, shorter] =
      train.length < validation.length ? ['training', train] : ['validation', validation];
    if (shorter.length <= blockSize) {
      const whole = train.length + validation.length;
      const needed = `Use a text of at least ${10 * blockSize + 1} tokens (for a character tokenizer: characters)`;
      throw new NanobardError(
        'file',
        `The text is too short for a block size of ${blockSize}: of its ${whole} tokens ` +
          `${name === 'validation' ? 'the last ' : ''}${shorter.length} are for ${name}, and ${blockSize + 1} are needed there`,
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
      // A view of what lies in memory already would cost more than the window itself.
      const inMemory = data instanceof Int32Array;
      const window = inMemory ? data : data.subarray(start, start + T + 1);
      const from = inMemory ? start : 0;
      for (let t = 0; t < T; t++) {
        x.data[b * T + t] = window[from + t]!;
        y.data[b * T + t] = window[from + t + 1]!;
      }
    }
  }
}

/** How many of so many tokens are trained on, the first ones: `int(0.9*len(data))`, as the tutorial has it. */
export const trainLength = (tokens: number): number => Math.floor(0.9 * tokens);

function split(tokens: Int32Array): Splits<Int32Array> {
  const end = trainLength(tokens.length);
  return { train: tokens.subarray(0, end), validation: tokens.subarray(end) };
}

/** A batch of B windows of T tokens, to be filled. */
export function newBatch(B: number, T: number): Batch {
  return [new Constant(new Int32Array(B * T), [B, T]), new Constant(new Int32Array(B * T), [B, T])];
}

/**
 * One pass over tokens in order and without overlap, so that each but the first is a target once. Every turn fills
 * the batch and yields how many targets are real; the others, after the end, are `IGNORED_TARGET` (their inputs 0).
 */
export function* windows(tokens: Tokens, [{ data: x }, { data: y }]: Batch): IterableIterator<number> {
  const targets = tokens.length - 1;
  for (let start = 0; start < targets; start += x.length) {
    const real = Math.min(x.length, targets - start);
    const part = tokens.subarray(start, start + real + 1);
    for (let i = 0; i < real; i++) {
      x[i] = part[i]!;
      y[i] = part[i + 1]!;
    }
    x.fill(0, real);
    y.fill(IGNORED_TARGET, real);
    yield real;
  }
}
