import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { type Batch, type Dataset, newBatch, type Share } from '../data/dataset.ts';
import { EvenWindows } from '../data/even-windows.ts';
import type { StoredTensor } from '../formats/load-parameters.ts';
import type { Progress } from './checkpoint.ts';

/** Names of the next batch's tensors in a checkpoint. */
const NAMES = ['batch.x', 'batch.y'];

/** Where windows begin; what it will give next, its state says. */
export type Stream = Generator | EvenWindows;

/** The batches of a step: all ranks draw from the same stream, and each fills its own with its share. */
export class Batches {
  readonly stream: Stream;
  /** Of this rank, to be filled anew for each step. */
  readonly own: readonly Batch[];
  private readonly dataset: Dataset;
  private readonly share: Share;
  /** The first of all ranks together: what a checkpoint holds. */
  private first: () => Batch;

  constructor(
    dataset: Dataset,
    stream: Stream,
    {
      count,
      batchSize,
      share,
    }: { readonly count: number; readonly batchSize: number; readonly share: Share },
  ) {
    this.dataset = dataset;
    this.stream = stream;
    this.share = share;
    this.own = Array.from({ length: count }, () => newBatch(batchSize, dataset.blockSize));
    this.first = () => this.own[0]!;
  }

  draw(index: number): void {
    const starts = this.dataset.fill(this.own[index]!, 'train', this.stream, this.share);
    if (index > 0) return;
    this.first = () => {
      const whole = newBatch(starts.length, this.dataset.blockSize);
      this.dataset.fillFrom(whole, 'train', starts);
      return whole;
    };
  }

  /** The first batch, of all ranks, for a checkpoint. */
  stored(): [name: string, tensor: StoredTensor][] {
    return this.first().map(({ shape, data }, i) => [NAMES[i]!, { shape, data: Int32Array.from(data) }]);
  }

  /** Takes the first batch from a checkpoint, unless it was drawn for another batch size; returns whether it did. */
  restore(stored: readonly (ArrayLike<number> | undefined)[]): boolean {
    const [x, y] = stored;
    const { rank, size } = this.share;
    const [own] = this.own;
    const length = own![0].size;
    if (x?.length !== size * length || y?.length !== size * length) return false;
    const whole = newBatch(size * own![0].shape[0]!, this.dataset.blockSize);
    for (const [i, { data }] of whole.entries()) {
      data.set(stored[i]!);
      own![i]!.data.set(data.subarray(rank * length, (rank + 1) * length));
    }
    this.first = () => whole;
    return true;
  }
}

/**
 * The tokens of the batch in a checkpoint, as far as there is one.
 *
 * @throws {NanobardError} code `checkpoint` if they are of another vocabulary.
 */
export function storedBatch(
  tensors: ReadonlyMap<string, StoredTensor>,
  vocabSize: number,
): readonly (ArrayLike<number> | undefined)[] {
  const stored = NAMES.map((name) => tensors.get(name)?.data);
  if (stored.every((tokens = new Int32Array()) => tokens.every((token) => token >= 0 && token < vocabSize)))
    return stored;
  const message = 'the next batch in the checkpoint holds tokens of another vocabulary';
  throw new NanobardError('checkpoint', message);
}

/** @throws {NanobardError} code `checkpoint` for the state of a stream of another kind. */
export function restoreStream(stream: Stream, state: Progress['streams']['data']): void {
  if (stream instanceof EvenWindows && 'drawn' in state) stream.setState(state);
  else if (stream instanceof Generator && 'words' in state) stream.setState(state);
  else {
    const message = 'the checkpoint draws its batches in another way than this training';
    throw new NanobardError('checkpoint', message);
  }
}
