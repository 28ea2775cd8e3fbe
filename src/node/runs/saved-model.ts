import { createDevice, type DeviceOptions } from '../../engine/devices/create.ts';
import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Dataset } from '../../language/data/dataset.ts';
import type { Tokenizer } from '../../language/data/tokenizer.ts';
import { loadParameters } from '../../language/formats/load-parameters.ts';
import { Decoder } from '../../language/generate/decoder.ts';
import type { SamplingRule } from '../../language/generate/sampling.ts';
import { startTokens } from '../../language/generate/start-tokens.ts';
import { generateText } from '../../language/generate/text.ts';
import { createModel } from '../../language/models/create.ts';
import type { LanguageModel } from '../../language/models/language-model.ts';
import { Evaluator } from '../../language/train/evaluator.ts';
import type { TextSource } from '../corpus.ts';
import {
  anything,
  checkArgument,
  checkOptions,
  deviceRules,
  number,
  type Rule,
  signal as signalRule,
  text as textRule,
  texts,
  whole,
} from '../options.ts';
import { type CheckpointKind, RunFolder } from './run-folder.ts';
import { loadRunText } from './run-text.ts';

export interface SampleTextOptions extends SamplingRule {
  /** Most tokens to make; default 500. */
  readonly tokens?: number | undefined;
  /** A text that ends the sample when it appears, or several; they are not part of it. */
  readonly stop?: string | readonly string[] | undefined;
  /** Oldest tokens to forget when the context is full; default half of it. */
  readonly forget?: number | undefined;
  /** Seed of the random numbers; default 1337. */
  readonly seed?: number | undefined;
  /** When it aborts, generation throws its reason. */
  readonly signal?: AbortSignal | undefined;
}

const sampleRules = {
  tokens: whole(1),
  temperature: number((value) => value >= 0 && value < Number.POSITIVE_INFINITY, 'from 0 on'),
  topK: whole(1),
  topP: number((value) => value > 0 && value <= 1, 'above 0 and at most 1'),
  stop: texts,
  forget: whole(1),
  seed: whole(0),
  signal: signalRule,
} satisfies Record<keyof SampleTextOptions, Rule>;

/** The model of a run, from its best checkpoint: to write text with, and to measure. */
export class SavedModel {
  readonly folder: RunFolder;
  readonly tokenizer: Tokenizer;
  readonly model: LanguageModel;
  readonly device: Device;
  /** Updates that the checkpoint was trained for. */
  readonly iter: number;
  /** The checkpoint. */
  readonly path: string;

  private constructor(
    folder: RunFolder,
    model: LanguageModel,
    device: Device,
    from: { iter: number; path: string },
  ) {
    this.folder = folder;
    this.tokenizer = folder.tokenizer;
    this.model = model;
    this.device = device;
    this.iter = from.iter;
    this.path = from.path;
  }

  /**
   * The model of the run in a folder.
   *
   * @throws {NanobardError} code `run-folder` or `checkpoint` if there is no run or its files are damaged.
   */
  static async load(path: string, options: DeviceOptions = {}): Promise<SavedModel> {
    checkOptions('SavedModel.load', options, deviceRules);
    const folder = await RunFolder.open(path);
    const { kind, state } = await bestState(folder);
    const { recipe } = folder.config;
    const model = createModel(recipe, folder.tokenizer.vocabSize);
    const device = await createDevice(options);
    try {
      await loadParameters(model.namedParameters(), state.tensors, device);
    } catch (error) {
      await device.dispose();
      throw error;
    }
    return new SavedModel(folder, model, device, {
      iter: state.progress.iter,
      path: folder.checkpointPath(kind),
    });
  }

  /**
   * Streams text that goes on from `prompt`; from a line break if that is empty. Several texts may be under way
   * at the same time.
   *
   * @throws {NanobardError} code `vocabulary` if the prompt holds characters that the model does not know, `argument`
   * for options that make no sense.
   */
  async *generate(prompt: string, options: SampleTextOptions = {}): ReturnType<typeof generateText> {
    checkArgument('generate', 'prompt', textRule, prompt);
    checkOptions('generate', options, sampleRules);
    const { tokens = 500, seed = 1337, stop = [], signal, ...rule } = options;
    const start = prompt === '' ? startTokens(this.tokenizer) : this.tokenizer.encode(prompt);
    const decoder = await Decoder.create(this.model, this.device);
    const pieces = generateText(decoder, this.tokenizer, start, {
      ...rule,
      tokens,
      stop: typeof stop === 'string' ? [stop] : stop,
      generator: new Generator(seed),
    });
    try {
      while (true) {
        signal?.throwIfAborted();
        const next = await pieces.next();
        if (next.done) return next.value;
        yield next.value;
      }
    } finally {
      await pieces.return({ stopped: 'length', tokens: 0 });
      decoder.dispose();
    }
  }

  /**
   * Mean loss over the whole validation split of the text that the run was trained on, in nats per token.
   *
   * @param options.data that text, where it is no longer where it was; known by its SHA-256
   * @throws {NanobardError} code `file` or `run-folder` if the text is missing or another one.
   */
  async evaluate(options: { readonly data?: TextSource | undefined } = {}): Promise<{
    loss: number;
    tokens: number;
  }> {
    checkOptions('evaluate', options, { data: anything });
    const { recipe } = this.folder.config;
    const { text } = await loadRunText(this.folder, options.data);
    const dataset = new Dataset(this.tokenizer.encode(text), recipe.blockSize);
    const evaluator = await Evaluator.create(this.model, dataset, this.device, recipe.batchSize);
    try {
      return await evaluator.wholeSplit('validation');
    } finally {
      evaluator.dispose();
    }
  }

  /** Frees the memory and threads of the model's device. */
  async dispose(): Promise<void> {
    await this.device.dispose();
  }
}

async function bestState(folder: RunFolder) {
  for (const kind of ['best', 'last'] as const satisfies CheckpointKind[]) {
    const state = await folder.load(kind);
    if (state) return { kind, state };
  }
  throw new NanobardError('run-folder', `the run ${folder.path} has no checkpoint yet`, {
    hint: 'Train it until its first evaluation after an update at least.',
  });
}
