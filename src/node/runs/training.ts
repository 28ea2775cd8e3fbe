import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createDevice, type DeviceOptions } from '../../engine/devices/create.ts';
import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Dataset } from '../../language/data/dataset.ts';
import { CharTokenizer } from '../../language/data/tokenizer.ts';
import { Decoder } from '../../language/generate/decoder.ts';
import { startTokens } from '../../language/generate/start-tokens.ts';
import { generateText } from '../../language/generate/text.ts';
import { createModel } from '../../language/models/create.ts';
import type { LanguageModel } from '../../language/models/language-model.ts';
import { changeRecipe } from '../../language/recipes/change.ts';
import { parseRecipe } from '../../language/recipes/parse.ts';
import type { Recipe } from '../../language/recipes/recipe.ts';
import type { TrainEvent } from '../../language/train/events.ts';
import { Trainer, type TrainerState } from '../../language/train/trainer.ts';
import { version } from '../../version.ts';
import { defaultCorpus, type LoadedCorpus, loadCorpus } from '../corpus.ts';
import { RunFolder } from './run-folder.ts';

export interface NewRunOptions extends DeviceOptions {
  readonly recipeName: string;
  readonly recipe: Recipe;
  /** Folder of the run, new or empty. */
  readonly folder: string;
  /** A corpus's name or a file's path; by default tinyshakespeare or, without a network, the built-in plays. */
  readonly data?: string | undefined;
}

export interface ResumeOptions extends DeviceOptions {
  readonly folder: string;
  /** The recipe that the run is expected to have. */
  readonly recipeName?: string | undefined;
  /** Recipe fields to change from here on: training for longer, say. Not the architecture or the seed. */
  readonly overrides?: Partial<Recipe>;
  /** Must be the text that the run began with. */
  readonly data?: string | undefined;
}

/** Fields that a run keeps for life. */
const FIXED = [
  ...(['model', 'nLayer', 'nHead', 'nEmbd', 'blockSize', 'bias', 'ngramOrder', 'ngramRows'] as const),
  ...(['seed', 'sharedStream', 'evenWindows'] as const),
];

/** Length of the sample at the end of a run, in tokens. */
const SAMPLE_TOKENS = 500;

/**
 * A training run that lives in a folder: what it does is written there as it happens, and it can be resumed
 * from there.
 */
export class TrainingRun {
  readonly folder: RunFolder;
  /** Things to tell the user before the run starts, each a sentence or two. */
  readonly notices: readonly string[];
  private readonly trainer: Trainer;
  private readonly model: LanguageModel;
  private readonly device: Device;

  private constructor(
    folder: RunFolder,
    notices: readonly string[],
    parts: { trainer: Trainer; model: LanguageModel; device: Device },
  ) {
    this.folder = folder;
    this.notices = notices;
    this.trainer = parts.trainer;
    this.model = parts.model;
    this.device = parts.device;
  }

  /** Begins a run. The folder is made last, so that nothing is left behind if anything is wrong before. */
  static async create(options: NewRunOptions): Promise<TrainingRun> {
    const { recipeName } = options;
    const recipe = parseRecipe(options.recipe);
    const corpus = options.data === undefined ? await defaultCorpus() : await loadCorpus(options.data);
    const tokenizer = CharTokenizer.fromText(corpus.text);
    const parts = await prepare(recipe, corpus, tokenizer, options);
    const config = { nanobard: version, recipeName, recipe, data: describe(corpus) };
    const folder = await orDispose(parts.device, () => RunFolder.create(options.folder, config, tokenizer));
    const notices = [corpus.notice, repetition(recipe, corpus)].filter((notice) => notice !== undefined);
    return new TrainingRun(folder, notices, parts);
  }

  /** Goes on with a run from its last checkpoint, as if it had never stopped. */
  static async resume(options: ResumeOptions): Promise<TrainingRun> {
    const folder = await RunFolder.open(options.folder);
    const state = await lastState(folder);
    const { data } = folder.config;
    const corpus = await loadCorpus(options.data ?? data.source);
    if (corpus.sha256 !== data.sha256) {
      throw new NanobardError(
        'run-folder',
        `the run ${folder.path} was trained on another text than ${corpus.name}`,
        {
          hint: `It began with ${data.name}, ${data.characters} characters, SHA-256 ${data.sha256.slice(0, 12)}….`,
        },
      );
    }
    if (options.recipeName !== undefined && options.recipeName !== folder.config.recipeName) {
      throw new NanobardError(
        'run-folder',
        `the run ${folder.path} is of ${folder.config.recipeName}, not ${options.recipeName}`,
        {
          hint: 'Resume it without naming a recipe, or begin a new run with another --out.',
        },
      );
    }
    const recipe = extend(folder, options.overrides ?? {});
    if (recipe.maxIters < state.progress.iter) {
      throw new NanobardError(
        'config',
        `the run ${folder.path} has done ${state.progress.iter} updates, more than ${recipe.maxIters}`,
        { hint: 'Resume it with more updates in all.' },
      );
    }
    const parts = await prepare(recipe, corpus, folder.tokenizer, options);
    return orDispose(parts.device, async () => {
      await parts.trainer.restore(state);
      await folder.rewindMetrics(state.progress.iter);
      return new TrainingRun(await folder.withRecipe(recipe), [], parts);
    });
  }

  get recipe(): Recipe {
    return this.folder.config.recipe;
  }

  /** Trains, saving and recording on the way; ends with a sample. */
  async *events(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const { folder, trainer } = this;
    try {
      for await (const event of trainer.run(signal)) {
        if (event.type === 'end') {
          if (event.reason === 'interrupted') yield* this.save(event.iter, false);
          else yield* this.sample(event.iter);
        }
        await folder.record(event);
        yield event;
        // A model that has learned nothing yet is not worth writing down: the recipe makes it anew.
        if (event.type === 'eval' && event.iter > 0) yield* this.save(event.iter, event.best);
      }
    } catch (error) {
      throw error instanceof NanobardError && error.code === 'diverged' ? this.withCheckpoint(error) : error;
    } finally {
      try {
        await folder.flush();
      } finally {
        await this.device.dispose();
      }
    }
  }

  private async *save(iter: number, best: boolean): AsyncGenerator<TrainEvent, void, void> {
    await this.folder.save(await this.trainer.state(), best);
    const kinds = best ? (['last', 'best'] as const) : (['last'] as const);
    for (const kind of kinds) {
      const event = { type: 'checkpoint', iter, kind, path: this.folder.checkpointPath(kind) } as const;
      await this.folder.record(event);
      yield event;
    }
  }

  private async *sample(iter: number): AsyncGenerator<TrainEvent, void, void> {
    const { tokenizer } = this.folder;
    const decoder = await Decoder.create(this.model, this.device);
    const generator = new Generator(this.recipe.seed + 1);
    let text = '';
    const options = { tokens: SAMPLE_TOKENS, temperature: 0.8, generator };
    for await (const piece of generateText(decoder, tokenizer, startTokens(tokenizer), options))
      text += piece;
    decoder.dispose();
    await this.folder.saveSample(iter, text);
    yield { type: 'sample', iter, text };
  }

  private withCheckpoint(error: NanobardError): NanobardError {
    const last = this.folder.checkpointPath('last');
    if (!existsSync(last)) return error;
    return new NanobardError(error.code, error.message, {
      hint: `${error.hint} The last good checkpoint is ${last}.`,
      cause: error,
    });
  }
}

/** What `work` gives; if it fails, the device's threads and memory are freed first. */
async function orDispose<T>(device: Device, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

async function prepare(
  recipe: Recipe,
  corpus: LoadedCorpus,
  tokenizer: RunFolder['tokenizer'],
  deviceOptions: DeviceOptions,
): Promise<{ trainer: Trainer; model: LanguageModel; device: Device }> {
  const dataset = new Dataset(tokenizer.encode(corpus.text), recipe.blockSize);
  const generator = new Generator(recipe.seed);
  const model = createModel(recipe, tokenizer.vocabSize, generator);
  const device = await createDevice(deviceOptions);
  const trainer = await orDispose(device, () =>
    Trainer.create({ model, dataset, device, recipe, generator }),
  );
  return { trainer, model, device };
}

/** Tables for runs of tokens learn a text by heart that they see again and again: what to do about it, if so. */
function repetition(recipe: Recipe, { text }: LoadedCorpus): string | undefined {
  if (recipe.model !== 'modern' || recipe.ngramOrder < 2) return undefined;
  const trained = Math.floor(0.9 * [...text].length); // as Dataset splits it
  const onePass = Math.ceil(trained / (recipe.batchSize * recipe.blockSize));
  const passes = recipe.maxIters / onePass;
  if (passes < 2 || recipe.dropout > 0) return undefined;
  return (
    `The text is short for ${recipe.maxIters} updates: it is read about ${passes.toFixed(1)} times, and its runs of ` +
    `tokens are learnt by heart. With --max-iters ${onePass} it is read once.`
  );
}

function describe({ name, path, source, sha256, text }: LoadedCorpus): RunFolder['config']['data'] {
  const isFile = source === 'file' && path !== undefined;
  return { source: isFile ? resolve(path) : name, name, sha256, characters: [...text].length };
}

async function lastState(folder: RunFolder): Promise<TrainerState> {
  const state = await folder.load('last');
  if (state) return state;
  throw new NanobardError('run-folder', `the run ${folder.path} has no checkpoint to go on from`, {
    hint: 'It stopped before its first one: start anew with another --out.',
  });
}

/** The run's recipe with changes, refusing those that would make it another run. */
function extend(folder: RunFolder, overrides: Partial<Recipe>): Recipe {
  const { recipe } = folder.config;
  const fixed: Partial<Record<string, unknown>> = recipe;
  for (const field of FIXED) {
    const wanted = (overrides as Partial<Record<string, unknown>>)[field];
    if (wanted === undefined || wanted === fixed[field]) continue;
    if (!(field in recipe)) {
      throw new NanobardError(
        'config',
        `the run ${folder.path} has a ${recipe.model} model, which has no ${field}`,
      );
    }
    throw new NanobardError(
      'run-folder',
      `the run ${folder.path} has ${field} ${fixed[field]}, which cannot become ${wanted}`,
      {
        hint: 'Resume without changing it, or begin a new run with another --out.',
      },
    );
  }
  return parseRecipe(changeRecipe(recipe, overrides));
}
