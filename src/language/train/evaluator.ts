import type { Device, Executable } from '../../engine/devices/device.ts';
import { compile } from '../../engine/program/compile.ts';
import type { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { breather } from '../breathe.ts';
import type { Dataset, Split } from '../data/dataset.ts';
import type { LanguageModel } from '../models/language-model.ts';

/** Measures losses of a model as it stands on a device, without dropout. An aborted `signal` throws its reason. */
export class Evaluator {
  private readonly executable: Executable;
  private readonly dataset: Dataset;

  private constructor(executable: Executable, dataset: Dataset) {
    this.executable = executable;
    this.dataset = dataset;
  }

  static async create(
    model: LanguageModel,
    dataset: Dataset,
    device: Device,
    batchSize: number,
  ): Promise<Evaluator> {
    const shape = [batchSize, model.blockSize];
    const loss = model.evaluating(() =>
      model.loss(new Input('x', shape, 'i32'), new Input('y', shape, 'i32')),
    );
    return new Evaluator(await device.load(compile({ outputs: { loss } })), dataset);
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
      this.dataset.batch(split, generator, this.tokens('x'), this.tokens('y'));
      if (i >= measured) continue;
      sum += await this.loss();
      await breathe();
      signal?.throwIfAborted();
    }
    return sum / measured;
  }

  /** Mean loss over a whole split in windows that do not overlap, each token predicted once. */
  async wholeSplit(split: Split, signal?: AbortSignal): Promise<{ loss: number; tokens: number }> {
    const breathe = breather();
    let sum = 0;
    let tokens = 0;
    for (const count of this.dataset.windows(split, this.tokens('x'), this.tokens('y'))) {
      sum += count * (await this.loss());
      tokens += count;
      await breathe();
      signal?.throwIfAborted();
    }
    return { loss: sum / tokens, tokens };
  }

  dispose(): void {
    this.executable.dispose();
  }

  private async loss(): Promise<number> {
    await this.executable.run();
    return (await this.executable.read('loss'))[0]!;
  }

  private tokens(name: 'x' | 'y'): Int32Array {
    return this.executable.input(name) as Int32Array;
  }
}
