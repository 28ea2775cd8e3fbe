import { createDevice, type DeviceOptions } from '../../engine/devices/create.ts';
import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Dataset } from '../../language/data/dataset.ts';
import type { Tokenizer } from '../../language/data/tokenizer.ts';
import { loadParameters } from '../../language/formats/load-parameters.ts';
import { Decoder } from '../../language/generate/decoder.ts';
import { startTokens } from '../../language/generate/start-tokens.ts';
import { generateText, type TextOptions } from '../../language/generate/text.ts';
import { createModel } from '../../language/models/create.ts';
import type { LanguageModel } from '../../language/models/language-model.ts';
import { Evaluator } from '../../language/train/evaluator.ts';
import { loadCorpus } from '../corpus.ts';
import { type CheckpointKind, RunFolder } from './run-folder.ts';

export type SampleTextOptions = Omit<TextOptions, 'generator'> & { readonly seed?: number };

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

  /** @throws {NanobardError} code `run-folder` or `checkpoint` if there is no run or its files are damaged. */
  static async load(path: string, options: DeviceOptions = {}): Promise<SavedModel> {
    const folder = await RunFolder.open(path);
    const { kind, state } = await bestState(folder);
    const { recipe } = folder.config;
    const model = createModel(recipe, folder.tokenizer.vocabSize);
    const device = await createDevice(options);
    await loadParameters(model.namedParameters(), state.tensors, device);
    return new SavedModel(folder, model, device, {
      iter: state.progress.iter,
      path: folder.checkpointPath(kind),
    });
  }

  /**
   * Streams text that goes on from `prompt`; from a line break if that is empty. Several texts may be under way
   * at the same time.
   *
   * @throws {NanobardError} code `vocabulary` if the prompt holds characters that the model does not know.
   */
  async *generate(
    prompt: string,
    { seed = 1337, ...options }: SampleTextOptions,
  ): ReturnType<typeof generateText> {
    const tokens = prompt === '' ? startTokens(this.tokenizer) : this.tokenizer.encode(prompt);
    const decoder = await Decoder.create(this.model, this.device);
    try {
      const generator = new Generator(seed);
      return yield* generateText(decoder, this.tokenizer, tokens, { ...options, generator });
    } finally {
      decoder.dispose();
    }
  }

  /** Mean loss over the whole validation split of the text that the run was trained on, in nats per token. */
  async evaluate(): Promise<{ loss: number; tokens: number }> {
    const { recipe, data } = this.folder.config;
    const corpus = await loadCorpus(data.source);
    if (corpus.sha256 !== data.sha256) {
      throw new NanobardError(
        'run-folder',
        `${data.source} has changed since the run ${this.folder.path} was trained on it`,
        {
          hint: 'Restore the text that the run was trained on, or train on the new one.',
        },
      );
    }
    const dataset = new Dataset(this.tokenizer.encode(corpus.text), recipe.blockSize);
    const evaluator = await Evaluator.create(this.model, dataset, this.device, recipe.batchSize);
    try {
      return await evaluator.wholeSplit('validation');
    } finally {
      evaluator.dispose();
    }
  }

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
