// Everything that nanobard does for the page: train on a text, write, save, load.
import {
  createDevice,
  createTraining,
  type Device,
  loadModel,
  planTraining,
  recipes,
  type TextModel,
  type TrainEvent,
} from 'nanobard';
import { WebGpuDevice } from 'nanobard/webgpu';

const RECIPE = 'shakespeare-char-cpu';

type OnText = (text: string) => void;

export class Bard {
  private device?: Device;
  private model?: TextModel;
  private stopping = new AbortController();

  /** Finds out what can compute here, and tells. */
  async open(): Promise<string> {
    // The GPU where there is one that is faster for such steps. (Their size hardly depends on the vocabulary.)
    this.device = await createDevice({
      work: () => planTraining(recipes[RECIPE].recipe, 65, 0),
    });
    const { name, threads, notes } = this.device;
    const where =
      this.device instanceof WebGpuDevice
        ? this.device.adapter.name
        : `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    return [`Device: ${name}, ${where}.`, ...notes].join(' ');
  }

  /** Trains a new model until the recipe's last step or `stop()`; every 50 steps it writes. */
  async train(text: string, onEvent: (event: TrainEvent) => void, onText: OnText): Promise<void> {
    this.stopping = new AbortController();
    await this.model?.dispose();
    const recipe = { recipe: RECIPE, evalInterval: 50, evalIters: 2 } as const;
    const { trainer, model } = await createTraining({ ...recipe, text, device: this.device! });
    this.model = model;
    for await (const event of trainer.run(this.stopping.signal)) {
      onEvent(event);
      if (event.type === 'eval' && event.step > 0) await this.write('', 1, onText);
    }
    trainer.dispose();
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Writes 300 characters after the prompt. The same seed writes the same text again. */
  async write(prompt: string, seed: number, onText: OnText): Promise<void> {
    let text = prompt;
    for await (const piece of this.model!.generate(prompt, { tokens: 300, seed, temperature: 0.8 })) {
      text += piece;
      onText(text);
    }
  }

  /** The whole model as one file. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    return this.model!.save();
  }

  async load(file: Blob): Promise<void> {
    const model = await loadModel(file, { device: this.device! });
    await this.model?.dispose();
    this.model = model;
  }
}
