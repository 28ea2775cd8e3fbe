import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device } from '../../engine/devices/device.ts';
import type { Generator, Scalar } from '../../engine/tensor/index.ts';
import { breather } from '../breathe.ts';
import {
  type Batch,
  type Dataset,
  newBatch,
  type Share,
  type Split,
  type Tokens,
  windows,
} from '../data/dataset.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { alone, type Peers } from './peers.ts';

/** What an evaluation throws that was given up because the signal of another rank was aborted. */
export const abortedByPeer = new Error('another rank has given up this evaluation');

/**
 * Measures losses of a model as it stands on a device, without dropout; with peers, each rank its share. An aborted
 * `signal` throws its reason, at other ranks `abortedByPeer`.
 */
export class Evaluator {
  private readonly loss: CompiledFunction<Scalar>;
  private readonly dataset: Dataset;
  private readonly batch: Batch;
  private readonly peers: Peers;

  private constructor(
    model: LanguageModel,
    dataset: Dataset,
    device: Device,
    batchSize: number,
    peers: Peers,
  ) {
    this.loss = device.compile((x, y) => model.evaluating(() => model.loss(x, y)));
    this.dataset = dataset;
    this.batch = newBatch(batchSize, model.blockSize);
    this.peers = peers;
  }

  /**
   * Traces and loads the program for `batchSize` windows at a time.
   *
   * @throws {NanobardError} code `memory` if it does not fit.
   */
  static async create(
    model: LanguageModel,
    dataset: Dataset,
    device: Device,
    batchSize: number,
    peers = alone,
  ): Promise<Evaluator> {
    const evaluator = new Evaluator(model, dataset, device, batchSize, peers);
    await evaluator.loss.load(...evaluator.batch);
    return evaluator;
  }

  /**
   * Mean loss of `batches` batches of random windows: nanoGPT's `estimate_loss`. All are drawn, but only the first
   * `measured` are run: a brief look that leaves the generator where a full one does.
   */
  async randomWindows(
    split: Split,
    batches: number,
    generator: Generator,
    signal?: AbortSignal,
    measured = batches,
  ): Promise<number> {
    const breathe = breather();
    let sum = 0;
    for (let i = 0; i < batches; i++) {
      this.dataset.fill(this.batch, split, generator, this.peers);
      if (i >= measured || signal?.aborted) continue;
      sum += await this.loss(...this.batch);
      await breathe();
    }
    return (await this.total(sum, signal)) / (measured * this.peers.size);
  }

  /** Mean loss over a whole split in windows that do not overlap, each token predicted once. */
  async wholeSplit(split: Split, signal?: AbortSignal): Promise<{ loss: number; tokens: number }> {
    const tokens = this.dataset[split];
    const sum = await summedLoss(this.loss, tokens, this.batch, signal, this.peers);
    const targets = tokens.length - 1;
    return { loss: (await this.total(sum, signal)) / targets, tokens: targets };
  }

  /** The sum over all ranks, unless one of them has been aborted. */
  private async total(sum: number, signal: AbortSignal | undefined): Promise<number> {
    const values = Float64Array.of(sum, signal?.aborted ? 1 : 0);
    await this.peers.sum(values);
    // All ranks decide by what they have exchanged, not by what has happened since.
    if (values[1]! > 0) throw signal?.aborted ? signal.reason : abortedByPeer;
    return values[0]!;
  }

  dispose(): void {
    this.loss.dispose();
  }
}

/** Mean loss over tokens in windows that do not overlap, each but the first predicted once. */
export async function meanLoss(
  loss: CompiledFunction<Scalar>,
  tokens: Tokens,
  batch: Batch,
  signal?: AbortSignal,
): Promise<{ loss: number; tokens: number }> {
  const sum = await summedLoss(loss, tokens, batch, signal);
  signal?.throwIfAborted();
  return { loss: sum / (tokens.length - 1), tokens: tokens.length - 1 };
}

/** The sum of the losses of all tokens but the first, or of a share of them; of fewer once the signal is aborted. */
async function summedLoss(
  loss: CompiledFunction<Scalar>,
  tokens: Tokens,
  batch: Batch,
  signal: AbortSignal | undefined,
  { rank, size }: Share = alone,
): Promise<number> {
  const breathe = breather();
  let turn = 0;
  let sum = 0;
  for (const count of windows(tokens, batch)) {
    if (turn++ % size !== rank) continue;
    if (signal?.aborted) break;
    sum += count * (await loss(...batch));
    await breathe();
  }
  return sum;
}
