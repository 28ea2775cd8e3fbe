import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device } from '../../engine/devices/device.ts';
import type { Generator, Scalar } from '../../engine/tensor/index.ts';
import { breather } from '../breathe.ts';
import { type Batch, type Dataset, newBatch, type Split, type Tokens, windows } from '../data/dataset.ts';
import type { LanguageModel } from '../models/language-model.ts';

/** Measures losses of a model as it stands on a device, without dropout. An aborted `signal` throws its reason. */
export class Evaluator {
  private readonly loss: CompiledFunction<Scalar>;
  private readonly dataset: Dataset;
  private readonly batch: Batch;

  private constructor(model: LanguageModel, dataset: Dataset, device: Device, batchSize: number) {
    this.loss = device.compile((x, y) => model.evaluating(() => model.loss(x, y)));
    this.dataset = dataset;
    this.batch = newBatch(batchSize, model.blockSize);
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
  ): Promise<Evaluator> {
    const evaluator = new Evaluator(model, dataset, device, batchSize);
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
      this.dataset.fill(this.batch, split, generator);
      if (i >= measured) continue;
      sum += await this.loss(...this.batch);
      await breathe();
      signal?.throwIfAborted();
    }
    return sum / measured;
  }

  /** Mean loss over a whole split in windows that do not overlap, each token predicted once. */
  wholeSplit(split: Split, signal?: AbortSignal): Promise<{ loss: number; tokens: number }> {
    return meanLoss(this.loss, this.dataset[split], this.batch, signal);
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
  const breathe = breather();
  let sum = 0;
  for (const count of windows(tokens, batch)) {
    sum += count * (await loss(...batch));
    await breathe();
    signal?.throwIfAborted();
  }
  return { loss: sum / (tokens.length - 1), tokens: tokens.length - 1 };
}
