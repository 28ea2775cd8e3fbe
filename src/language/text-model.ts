import type { CompiledFunction } from '../engine/devices/compiled-function.ts';
import type { Device } from '../engine/devices/device.ts';
import { NanobardError } from '../engine/errors.ts';
import { reshape } from '../engine/ops/views/views.ts';
import { Constant, Generator, type Scalar, type Tensor } from '../engine/tensor/index.ts';
import { newBatch } from './data/dataset.ts';
import type { Tokenizer } from './data/tokenizer/tokenizer.ts';
import type { StoredTensor } from './formats/load-parameters.ts';
import { encodeModel, type ModelFile, modelChunks, type WeightType } from './formats/model-file.ts';
import { type Choice, Decoder, lengthRule } from './generate/decoder.ts';
import { samplingRules } from './generate/sampling.ts';
import { generateText, generateTexts, type TextOptions, type TextPiece } from './generate/text.ts';
import { specOf } from './models/create.ts';
import type { LanguageModel } from './models/language-model.ts';
import { checkArgument, checkOptions, type Rule, signal, text, texts, whole } from './options.ts';
import { meanLoss } from './train/evaluator.ts';

export interface GenerateTextOptions extends Omit<TextOptions, 'generator' | 'tokens'> {
  /** How many tokens to make at most; 256 by default. */
  readonly tokens?: number | undefined;
  /** The same seed gives the same text; 1337 by default. */
  readonly seed?: number | undefined;
  /** Draws the tokens in place of one of `seed`, and goes on from where it stands. */
  readonly generator?: Generator | undefined;
}

const generateRules = {
  ...samplingRules,
  tokens: lengthRule,
  stop: texts,
  forget: whole(1),
  seed: whole(0),
  generator: { accepts: (value) => value instanceof Generator, expected: 'a Generator' },
  signal,
} satisfies Record<keyof GenerateTextOptions, Rule>;

/** Texts that are made together at most, and the memory that what is remembered of them may take, in bytes. */
const TEXTS_TOGETHER = 32;
const MEMORY_TOGETHER = 2 ** 28;

/** Windows that are measured at once. */
const LOSS_BATCH = 8;

/** A language model with its tokenizer on a device: text in, text out. See `loadModel` and `createTraining`. */
export class TextModel {
  readonly network: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly device: Device;
  /** Steps that it was trained for, where its file tells. */
  readonly step: number | undefined;
  private readonly ownsDevice: boolean;
  private readonly decoders = new Set<Decoder>();
  private readonly measure: CompiledFunction<Scalar>;
  private readonly forward: CompiledFunction<Tensor>;
  private disposed = false;

  /**
   * `ownsDevice`: whether `dispose` ends the device, too; otherwise it frees the model's variables there.
   */
  constructor(
    network: LanguageModel,
    tokenizer: Tokenizer,
    device: Device,
    { ownsDevice = false, step }: { ownsDevice?: boolean; step?: number | undefined } = {},
  ) {
    this.network = network;
    this.tokenizer = tokenizer;
    this.device = device;
    this.step = step;
    this.ownsDevice = ownsDevice;
    this.measure = device.compile((x, y) => network.evaluating(() => network.loss(x, y)));
    this.forward = device.compile((idx) =>
      network.evaluating(() => reshape(network.forward(idx), [-1, network.vocabSize])),
    );
  }

  /**
   * Streams text that goes on from `prompt`; if that is empty, from the beginning of a document, or a line break. Several texts may be under way
   * at the same time.
   *
   * @returns whether the text ended at a stop text or by its length, and how many tokens were made
   * @throws {NanobardError} code `vocabulary` if the prompt holds characters that the model does not know,
   *   `argument` if an option makes no sense. An aborted signal throws its reason.
   */
  async *generate(prompt = '', options: GenerateTextOptions = {}): ReturnType<typeof generateText> {
    this.checkAlive();
    checkArgument('generate', 'prompt', text, prompt);
    checkOptions('generate', options, generateRules);
    const { tokens = 256, seed = 1337, generator = new Generator(seed), ...rule } = options;
    const start = this.promptTokens(prompt);
    const decoder = await Decoder.create(this.network, this.device);
    this.decoders.add(decoder);
    try {
      return yield* generateText(decoder, this.tokenizer, start, { tokens, ...rule, generator });
    } finally {
      this.decoders.delete(decoder);
      if (!this.disposed) decoder.dispose();
    }
  }

  /**
   * Streams several texts that are made together, which takes far less time than one after another: one for each
   * prompt, each the same, to the last character, as `generate` makes of it with the seed `seed` + index.
   *
   * @returns pieces of text, of any of them in turn; the last of each tells how it ended
   * @throws {NanobardError} as `generate` does.
   */
  async *generateAll(
    prompts: readonly string[],
    options: Omit<GenerateTextOptions, 'generator'> = {},
  ): AsyncGenerator<TextPiece, void, void> {
    this.checkAlive();
    checkArgument('generateAll', 'prompts', texts, prompts);
    checkOptions('generateAll', options, generateRules);
    const { tokens = 256, seed = 1337, ...rule } = options;
    const jobs = [prompts].flat().map((prompt, i) => {
      const generator = new Generator(seed + i);
      return [this.promptTokens(prompt), { tokens, ...rule, generator }] as const;
    });
    const each = this.network
      .newCache(1)
      .variables()
      .reduce((sum, { size }) => sum + 4 * size, 0);
    const slots = Math.min(jobs.length, TEXTS_TOGETHER, Math.floor(MEMORY_TOGETHER / each));
    const decoder = await Decoder.create(this.network, this.device, Math.max(1, slots));
    this.decoders.add(decoder);
    try {
      yield* generateTexts(decoder, this.tokenizer, jobs);
    } finally {
      this.decoders.delete(decoder);
      if (!this.disposed) decoder.dispose();
    }
  }

  /** The tokens that `generate` goes on from: the prompt's, or those that begin a text where it is empty. */
  promptTokens(prompt: string): Int32Array {
    return prompt === '' ? startTokens(this.tokenizer) : this.tokenizer.encode(prompt);
  }

  /**
   * The tokens that go on from others, of which there must be one at least, each with the logits that it was drawn from:
   * to see what else might have come. Options as in `generate`, without `stop`.
   */
  async *choices(
    tokens: ArrayLike<number>,
    options: Omit<GenerateTextOptions, 'stop'> = {},
  ): AsyncGenerator<Choice, void, void> {
    this.checkAlive();
    checkOptions('choices', options, generateRules);
    const { tokens: length = 256, seed = 1337, generator = new Generator(seed), ...rule } = options;
    const decoder = await Decoder.create(this.network, this.device);
    this.decoders.add(decoder);
    try {
      yield* decoder.choices(tokens, { tokens: length, ...rule, generator });
    } finally {
      this.decoders.delete(decoder);
      if (!this.disposed) decoder.dispose();
    }
  }

  /** The text that `generate` streams, once it is complete. */
  async write(prompt = '', options: GenerateTextOptions = {}): Promise<string> {
    let text = '';
    for await (const piece of this.generate(prompt, options)) text += piece;
    return text;
  }

  /**
   * The logits of the next token after each of these, (T, vocabSize).
   *
   * @throws {NanobardError} code `shape` if there are more tokens than the block size, or none.
   */
  async logits(tokens: ArrayLike<number>): Promise<Constant> {
    this.checkAlive();
    const idx = new Constant(Int32Array.from(tokens), [1, tokens.length]);
    if (tokens.length === 0) throw new NanobardError('shape', 'logits: needs at least one token');
    return (await this.forward(idx)) as Constant;
  }

  /**
   * Mean cross entropy of a text in nats per token, each token but the first predicted once from those before it in
   * its window of `blockSize`.
   *
   * @throws {NanobardError} code `vocabulary` for unknown characters, `argument` for less than two tokens.
   */
  async loss(text: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<number> {
    this.checkAlive();
    const tokens = this.tokenizer.encode(text);
    if (tokens.length < 2)
      throw new NanobardError('argument', 'loss: the text must have at least two tokens');
    const { blockSize } = this.network;
    const windows = Math.min(LOSS_BATCH, Math.ceil((tokens.length - 1) / blockSize));
    return (await meanLoss(this.measure, tokens, newBatch(windows, blockSize), signal)).loss;
  }

  /**
   * The bytes of a `model.safetensors`, all that `loadModel` needs. `dtype` 'f16' takes half of f32, the default,
   * 'q8' a quarter, and so does, on the CPU, the model that is loaded from it.
   * `step` notes how long it was trained.
   */
  async save(
    options: { dtype?: WeightType; step?: number | undefined } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    this.checkAlive();
    const { dtype = 'f32', step = this.step } = options;
    return encodeModel({ ...(await this.modelFile()), step }, dtype);
  }

  /**
   * The bytes of `save()` in f32, in pieces: a model that is too large to lie in memory twice. Until the last piece it
   * must stand still.
   */
  chunks({ step = this.step }: { step?: number | undefined } = {}): AsyncIterable<Uint8Array> {
    this.checkAlive();
    const { network, tokenizer, device } = this;
    const weights = network
      .parameters()
      .map(
        (parameter) =>
          [parameter.name, { shape: parameter.shape, read: () => device.view(parameter) }] as const,
      );
    return modelChunks({ spec: specOf(network), tokenizer, step }, new Map(weights));
  }

  /** The parts of the model as it stands, for `exportModel`. */
  async modelFile(): Promise<ModelFile> {
    this.checkAlive();
    const { network, tokenizer, device, step } = this;
    const tensors = new Map<string, StoredTensor>();
    for (const parameter of network.parameters())
      tensors.set(parameter.name, { shape: parameter.shape, data: await device.read(parameter) });
    return { spec: specOf(network), tokenizer, tensors, step };
  }

  /** Frees what the model takes on its device, and the device if it is the model's own. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    for (const decoder of this.decoders) decoder.dispose();
    this.measure.dispose();
    this.forward.dispose();
    if (this.ownsDevice) await this.device.dispose();
    else this.device.release(this.network.parameters());
  }

  [Symbol.dispose](): void {
    void this.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private checkAlive(): void {
    if (this.disposed)
      throw new NanobardError('device', 'the model was disposed of and cannot be used any more');
  }
}

/** What a text goes on from when no prompt is given: the beginning of a document, a line break, or else the first token. */
function startTokens(tokenizer: Tokenizer): Int32Array {
  if (tokenizer.endOfText !== undefined) return Int32Array.of(tokenizer.endOfText);
  try {
    return tokenizer.encode('\n');
  } catch {
    return Int32Array.of(0);
  }
}
