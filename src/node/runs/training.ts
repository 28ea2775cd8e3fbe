import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createDevice, type DeviceOptions } from '../../engine/devices/create.ts';
import { NanobardError } from '../../engine/errors.ts';
import { checkArgument, checkOptions, fileName, path, signal as signalRule } from '../../language/options.ts';
import { chooseRecipe, recipeRules } from '../../language/recipes/choose.ts';
import type { Recipe, RecipeChanges } from '../../language/recipes/recipe.ts';
import { defaultRecipe, type RecipeName } from '../../language/recipes/recipes.ts';
import { createTraining, type Training, type TrainingOptions } from '../../language/recipes/training.ts';
import type { TrainEvent } from '../../language/train/events.ts';
import { streams } from '../../language/train/trainer.ts';
import { version } from '../../version.ts';
import { defaultCorpus, loadCorpus, type TextSource } from '../corpus.ts';
import { describeText } from './run-config.ts';
import { RunFolder, runError } from './run-folder.ts';

/** What to train, with any of the recipe's fields beside it: `{ recipe: 'fast', maxIters: 200 }`. */
export interface NewRunOptions extends DeviceOptions, RecipeChanges {
  /** A recipe by name, or a whole one; default `fast`. */
  readonly recipe?: RecipeName | Recipe | (string & {}) | undefined;
  /** What a recipe of one's own is called; by default the recipe's name, or its model. */
  readonly recipeName?: string | undefined;
  /** Folder of the run, new or empty; by default `runs/<recipe>-<date>`. */
  readonly folder?: string | undefined;
  /** The text; by default tinyshakespeare or, without a network, the built-in plays. */
  readonly data?: TextSource | undefined;
}

/** A run to go on with, and fields of its recipe to change from here on; not the architecture or the seed. */
export interface ResumeOptions extends DeviceOptions, RecipeChanges {
  readonly folder: string;
  /** The name of the recipe that the run is expected to have. */
  readonly recipe?: string | undefined;
  /** The text that the run began with, where it has moved. */
  readonly data?: TextSource | undefined;
}

const runRules = { ...recipeRules, folder: path };

/** Fields that a run keeps for life. */
const FIXED = [
  ...(['nLayer', 'nHead', 'nEmbd', 'blockSize', 'bias', 'activation', 'ngramOrder', 'ngramRows'] as const),
  ...(['seed', 'sharedStream', 'lectureOrder', 'evenWindows'] as const),
];

/** Length of the sample at the end of a run, in tokens. */
const SAMPLE_TOKENS = 500;

/**
 * A training run that lives in a folder: what it does is written there as it happens, and it can be resumed
 * from there.
 */
export class TrainingRun {
  readonly folder: RunFolder;
  /** Things to tell the user before the run starts, on the text and on the device, each a sentence or two. */
  readonly notices: readonly string[];
  private readonly training: Training;
  /** Why there is no further call of `events()`. */
  private over: string | undefined;

  private constructor(folder: RunFolder, training: Training, notices: readonly (string | undefined)[]) {
    this.folder = folder;
    this.training = training;
    this.notices = [...notices, ...training.model.device.notes].filter((notice) => notice !== undefined);
  }

  /**
   * Begins a run. The folder is made last, so that nothing is left behind if anything is wrong before.
   *
   * @throws {NanobardError} code `argument` or `config` for options that make no sense, `memory` for a model that does
   * not fit, `run-folder` for a folder that is not empty, and whatever `loadCorpus` throws.
   */
  static async create(options: NewRunOptions = {}): Promise<TrainingRun> {
    checkOptions('TrainingRun.create', options, { ...runRules, recipeName: fileName });
    const { recipe: wanted = defaultRecipe, recipeName, folder, data, ...rest } = options;
    const { device, threads, blas, ...changes } = rest;
    const recipe = chooseRecipe(wanted, changes);
    const name = recipeName ?? (typeof wanted === 'string' ? wanted : recipe.model);
    const corpus = data === undefined ? await defaultCorpus() : await loadCorpus(data);
    const { text } = corpus;
    return prepare({ device, threads, blas }, { recipe, text }, async (training) => {
      const place = folder ?? (await RunFolder.make(defaultFolder(name, new Date())));
      const about = describeText(corpus, charactersOf(training), place);
      const config = { nanobard: version, recipeName: name, recipe, data: about };
      const kept = corpus.source === 'memory' ? text : undefined;
      const run = await RunFolder.create(place, config, training.model.tokenizer, kept);
      return new TrainingRun(run, training, [corpus.notice, repetition(training)]);
    });
  }

  /**
   * Goes on with a run from its last checkpoint, as if it had never stopped.
   *
   * @throws {NanobardError} code `run-folder` for changes that would make it another run, or where there is no
   * checkpoint; `checkpoint` for a damaged one.
   */
  static async resume(options: ResumeOptions): Promise<TrainingRun> {
    checkOptions('TrainingRun.resume', options, runRules, ['folder']);
    const { folder: place, recipe: expected, data, device, threads, blas, ...changes } = options;
    const folder = await RunFolder.open(place);
    const { recipeName, data: known } = folder.config;
    if (expected !== undefined && expected !== recipeName) {
      const hint = 'Resume it without naming a recipe, or begin a new run in another folder.';
      throw runError(`the run ${folder.path} is of ${recipeName}, not ${expected}`, hint, ['folder']);
    }
    const state = await folder.loadState();
    if (!state) {
      const hint = 'It stopped before its first one: begin a new run in another folder.';
      throw runError(`the run ${folder.path} has no checkpoint to go on from`, hint, ['folder']);
    }
    const corpus = await folder.loadText(data);
    const recipe = extend(folder, changes);
    const { step } = state.progress;
    if (recipe.maxIters < step) {
      const message = `the run ${folder.path} has done ${step} steps, more than ${recipe.maxIters}`;
      throw new NanobardError('config', message, {
        hint: 'Resume it with more steps in all.',
        options: ['maxIters'],
      });
    }
    const { text } = corpus;
    const { tokenizer } = folder;
    return prepare({ device, threads, blas }, { recipe, text, tokenizer }, async (training) => {
      await training.trainer.restore(state);
      await folder.rewindMetrics(state.progress);
      const found = corpus.source === 'memory' ? known : describeText(corpus, charactersOf(training), place);
      return new TrainingRun(await folder.with({ recipe, data: found }), training, [corpus.notice]);
    });
  }

  get recipe(): Recipe {
    return this.folder.config.recipe;
  }

  /**
   * Trains, saving and recording on the way; ends with a sample. When `signal` aborts, the step under way is
   * finished, the state saved, and the run ends with reason `interrupted`. Can be called once.
   *
   * @throws {NanobardError} code `diverged` at a loss or gradient that is not finite.
   */
  events(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    if (signal !== undefined) checkArgument('TrainingRun.events', 'signal', signalRule, signal);
    if (this.over !== undefined) {
      throw new NanobardError('argument', `this training run has ${this.over}`, {
        hint: `To train on, resume it: TrainingRun.resume({ folder: ${JSON.stringify(this.folder.path)} }).`,
      });
    }
    this.over = 'begun already';
    return this.train(signal);
  }

  /** Frees the memory and threads of a run that is not wanted any more; one whose events have ended has done so. */
  async dispose(): Promise<void> {
    this.over = 'been disposed';
    await this.training.model.device.dispose();
  }

  private async *train(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const { folder } = this;
    try {
      for await (const event of this.training.trainer.run(signal)) {
        if (event.type === 'end') {
          if (event.reason === 'interrupted') yield* this.save(event.step, false);
          else yield* this.sample(event.step);
        }
        await folder.record(event);
        yield event;
        // A model that has learned nothing yet is not worth writing down: the recipe makes it anew.
        if (event.type === 'eval' && event.step > 0) yield* this.save(event.step, event.best);
      }
    } catch (error) {
      const { lastPath } = folder;
      if (!(error instanceof NanobardError && error.code === 'diverged' && existsSync(lastPath))) throw error;
      throw new NanobardError(error.code, error.message, {
        hint: `${error.hint} The last good checkpoint is ${lastPath}.`,
        cause: error,
      });
    } finally {
      try {
        await folder.flush();
      } finally {
        await this.training.model.device.dispose();
      }
    }
  }

  /** Saves the state to go on from, and the model if it is the best so far or there is none yet. */
  private async *save(step: number, best: boolean): AsyncGenerator<TrainEvent, void, void> {
    const { folder, training } = this;
    const saved: ('last' | 'best')[] = ['last'];
    await folder.saveState(await training.trainer.state());
    if (best || !(await folder.hasModel())) {
      await folder.saveModel(await training.model.save({ step }));
      saved.push('best');
    }
    for (const kind of saved) {
      const event = { type: 'checkpoint', step, kind, path: folder[`${kind}Path`] } as const;
      await folder.record(event);
      yield event;
    }
  }

  private async *sample(step: number): AsyncGenerator<TrainEvent, void, void> {
    const { generator } = this.training;
    const options = this.recipe.lectureOrder
      ? { generator, forget: 1 } // the stream goes on
      : { temperature: 0.8, seed: this.recipe.seed + streams.sample };
    const text = await this.training.model.write('', { tokens: SAMPLE_TOKENS, ...options });
    await this.folder.saveSample(step, text);
    yield { type: 'sample', step, text };
  }
}

/** The run that `begin` makes of a training; if it fails, the device's threads and memory are freed first. */
async function prepare(
  where: DeviceOptions,
  what: Omit<TrainingOptions, 'device'>,
  begin: (training: Training) => Promise<TrainingRun>,
): Promise<TrainingRun> {
  const device = await createDevice(where);
  try {
    return await begin(await createTraining({ ...what, device }));
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/** How long the text is: there is a token for each character. */
const charactersOf = ({ dataset }: Training): number => dataset.train.length + dataset.validation.length;

/** `runs/<recipe>-<yyyymmdd-hhmmss>`, in local time: names of runs sort by age. */
export function defaultFolder(recipeName: string, date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return join('runs', `${recipeName}-${local.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`);
}

/** Tables of n-grams learn a text by heart that they see again and again: what to do about it, if so. */
function repetition({ recipe, dataset }: Training): string | undefined {
  if (recipe.model !== 'modern' || recipe.ngramOrder < 2) return undefined;
  const onePass = Math.ceil(dataset.train.length / (recipe.batchSize * recipe.blockSize));
  const passes = recipe.maxIters / onePass;
  if (passes < 2 || recipe.dropout > 0) return undefined;
  return (
    `The text is short for ${recipe.maxIters} steps: it is read about ${passes.toFixed(1)} times, and its n-grams ` +
    `are learned by heart. With ${onePass} steps in all it is read once.`
  );
}

/** The run's recipe with changes, refusing those that would make it another run. */
function extend({ path, config }: RunFolder, changes: RecipeChanges): Recipe {
  const recipe: Recipe & Readonly<Record<string, unknown>> = config.recipe;
  for (const field of FIXED) {
    const wanted = changes[field];
    if (wanted === undefined || wanted === recipe[field] || !(field in recipe)) continue;
    const message = `the run ${path} has ${field} ${recipe[field]}, which cannot become ${wanted}`;
    const hint = 'Resume it without this change, or begin a new run in another folder.';
    throw runError(message, hint, [field, 'folder']);
  }
  return chooseRecipe(recipe, changes);
}
