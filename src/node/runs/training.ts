import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceOptions } from '../../engine/devices/create.ts';
import { NanobardError } from '../../engine/errors.ts';
import type { ModelFile } from '../../language/formats/model-file.ts';
import {
  anything,
  checkArgument,
  checkOptions,
  fileName,
  model as modelRule,
  oneOf,
  path,
  type Rule,
  signal as signalRule,
  whole,
} from '../../language/options.ts';
import { chooseRecipe, recipeRules } from '../../language/recipes/choose.ts';
import { recipeFrom } from '../../language/recipes/init-from.ts';
import { planTraining } from '../../language/recipes/plan.ts';
import type { Recipe, RecipeChanges } from '../../language/recipes/recipe.ts';
import { defaultRecipe, type RecipeName } from '../../language/recipes/recipes.ts';
import { createTraining, type Training, type TrainingOptions } from '../../language/recipes/training.ts';
import type { TrainEvent } from '../../language/train/events.ts';
import { limitRules } from '../../language/train/trainer.ts';
import { version } from '../../version.ts';
import type { TextSource } from '../corpus.ts';
import { openModel } from '../load-model.ts';
import { createDevice } from '../measurements.ts';
import type { Agreement } from '../mpi/agreement.ts';
import type { Communicator } from '../mpi/communicator.ts';
import { lead } from '../mpi/lead.ts';
import type { Work } from '../mpi/work.ts';
import { describeInitial, reopenInitial } from './initial-model.ts';
import { isDivergence } from './restores.ts';
import { resumedRecipe } from './resumed-recipe.ts';
import { loadRunData, type RunData, type RunDataOptions } from './run-data.ts';
import { RunFolder, runError } from './run-folder.ts';
import { onDivergence, type RunPolicy } from './run-policy.ts';
import { Session, type SessionOptions } from './session.ts';

/** What a run does beside training. All but `maxMinutes` is remembered when it is resumed. */
export interface RunOptions extends RunPolicy {
  /** Minutes after which this call of `events` ends, saved, with reason `time`; no limit by default. */
  readonly maxMinutes?: number | undefined;
  /** The ranks that train together, each with batches of the recipe's size: see `joinJob`. This is rank 0. */
  readonly job?: Communicator | undefined;
}

/** What to train, with any of the recipe's fields beside it: `{ recipe: 'fast', maxIters: 200 }`. */
export interface NewRunOptions extends DeviceOptions, RecipeChanges, RunDataOptions, RunOptions {
  /** A recipe by name, or a whole one; default `fast`. */
  readonly recipe?: RecipeName | Recipe | (string & {}) | undefined;
  /** What a recipe of one's own is called; by default the recipe's name, or its model. */
  readonly recipeName?: string | undefined;
  /** Folder of the run, new or empty; by default `runs/<recipe>-<date>`. */
  readonly folder?: string | undefined;
  /**
   * A model to begin with instead of random weights: whatever `loadModel` of Node finds by a path, an address or
   * `hf:org/name`. Its shape and its tokenizer are kept; a shorter `blockSize` is possible.
   */
  readonly initFrom?: string | undefined;
}

/** A run to go on with, and fields of its recipe to change from here on; not the architecture or the seed. */
export interface ResumeOptions extends DeviceOptions, RecipeChanges, RunOptions {
  readonly folder: string;
  /** The name of the recipe that the run is expected to have. */
  readonly recipe?: string | undefined;
  /** The text that the run began with, where it has moved. */
  readonly data?: TextSource | undefined;
}

const policyRules = { keep: whole(1), onDivergence: oneOf(onDivergence), ...limitRules };

const runRules: Readonly<Record<string, Rule>> = {
  ...recipeRules,
  ...policyRules,
  folder: path,
  job: anything,
};

/**
 * A training run that lives in a folder: what it does is written there as it happens, and it can be resumed
 * from there.
 */
export class TrainingRun {
  readonly folder: RunFolder;
  /** Things to tell the user before the run starts, on the text and on the device, each a sentence or two. */
  readonly notices: readonly string[];
  private readonly training: Training;
  private readonly data: RunData;
  private readonly session: Session;
  private readonly job: Communicator | undefined;
  /** Why there is no further call of `events()`. */
  private over: string | undefined;

  private constructor(
    folder: RunFolder,
    training: Training,
    data: RunData,
    notices: readonly (string | undefined)[],
    options: SessionOptions,
  ) {
    this.folder = folder;
    this.training = training;
    this.job = options.job;
    this.data = data;
    this.session = new Session(folder, training, options);
    this.notices = [data.notice, ...notices, ...training.model.device.notes].filter(
      (notice) => notice !== undefined,
    );
  }

  /**
   * Begins a run. The folder is made last, so that nothing is left behind if anything is wrong before.
   *
   * @throws {NanobardError} code `argument` or `config` for options that make no sense, `memory` for a model that does
   * not fit, `run-folder` for a folder that is not empty, and whatever `loadCorpus` throws.
   */
  static async create(options: NewRunOptions = {}): Promise<TrainingRun> {
    checkOptions('TrainingRun.create', options, { ...runRules, recipeName: fileName, initFrom: modelRule });
    return together(options, (agreement) => TrainingRun.begin(options, agreement));
  }

  private static async begin(options: NewRunOptions, { machine, notices }: Agreement): Promise<Begun> {
    const { recipe: wanted, recipeName, folder, initFrom: source, ...rest } = options;
    const { data: from, field, tokenizer, ...others } = rest;
    const { policy, maxMinutes, job, changes } = sorted(others);
    const { dtype } = options;
    const initFrom = source === undefined ? undefined : await openModel(source);
    const recipe = initFrom
      ? recipeFrom(initFrom, wanted, changes)
      : chooseRecipe(wanted ?? defaultRecipe, changes);
    const initial = source !== undefined && initFrom && describeInitial(source, initFrom);
    const name = recipeName ?? nameOf(wanted, initFrom, recipe);
    const data = await loadRunData({ data: from, field, tokenizer: tokenizer ?? initFrom?.tokenizer });
    const ranks = job?.size ?? 1;
    return prepare({ ...machine, dtype }, { recipe, initFrom, peers: job }, data, async (training) => {
      const place = folder ?? (await RunFolder.make(defaultFolder(name, new Date())));
      const described = data.describe(place);
      const about = { recipeName: name, recipe, data: described, ranks, dtype, policy, ...initial };
      const config = { nanobard: version, ...about };
      // Weights that are not drawn have to be told.
      const state = job && initFrom ? await training.trainer.state() : undefined;
      try {
        const run = await RunFolder.create(place, config, training.model.tokenizer, data.kept);
        const told = [...notices, repetition(training, ranks)];
        return { run: new TrainingRun(run, training, data, told, { maxMinutes, job }), policy, state };
      } catch (error) {
        if (folder === undefined) await rmdir(place).catch(() => {}); // made a moment ago
        throw error;
      }
    });
  }

  /**
   * Goes on with a run from its last checkpoint, as if it had never stopped; from its beginning if it was stopped before
   * its first one.
   *
   * @throws {NanobardError} code `run-folder` for changes that would make it another run, where the checkpoint is gone,
   * or if somebody else is writing it; `checkpoint` for a damaged one; `file` if it cannot be written.
   */
  static async resume(options: ResumeOptions): Promise<TrainingRun> {
    const { tokenizer: _, field: __, ...resumeRules } = runRules; // a run keeps these
    checkOptions('TrainingRun.resume', options, resumeRules, ['folder']);
    return together(options, (agreement) => TrainingRun.reopen(options, agreement));
  }

  private static async reopen(options: ResumeOptions, agreement: Agreement): Promise<Begun> {
    const { recipe: expected } = options;
    const folder = await RunFolder.open(options.folder);
    const { recipeName } = folder.config;
    if (expected !== undefined && expected !== recipeName) {
      const hint = 'Resume it without naming a recipe, or begin a new run in another folder.';
      throw runError(`the run ${folder.path} is of ${recipeName}, not ${expected}`, hint, ['folder']);
    }
    await folder.lock();
    try {
      return await TrainingRun.goOn(folder, options, agreement);
    } catch (error) {
      await folder.release();
      throw error;
    }
  }

  private static async goOn(
    folder: RunFolder,
    options: ResumeOptions,
    { machine, notices }: Agreement,
  ): Promise<Begun> {
    const { folder: place, recipe: _, data, ...rest } = options;
    const { policy: asked, maxMinutes, job, changes } = sorted(rest);
    const { dtype = folder.config.dtype } = options;
    const from = await folder.loadState();
    if (!from && (await folder.metrics.tellOfState())) {
      const hint = 'Its last.safetensors is gone: begin a new run in another folder.';
      throw runError(`the run ${folder.path} has no checkpoint to go on from`, hint, ['folder']);
    }
    const ranks = job?.size ?? 1;
    const recipe = resumedRecipe(folder, changes, ranks);
    const progress = from?.progress ?? { step: 0, evaluated: false };
    if (recipe.maxIters < progress.step) {
      const message = `the run ${folder.path} has done ${progress.step} steps, more than ${recipe.maxIters}`;
      throw new NanobardError('config', message, {
        hint: 'Resume it with more steps in all.',
        options: ['maxIters'],
      });
    }
    const found = await folder.loadData(data);
    const { config } = folder;
    const policy = { ...config.policy, ...asked };
    // A run that was stopped before its first checkpoint begins again, with the weights that it began with.
    const initFrom = from ? undefined : await reopenInitial(config, folder.path);
    return prepare({ ...machine, dtype }, { recipe, initFrom, peers: job }, found, async (training) => {
      if (from) await training.trainer.restore(from);
      await folder.metrics.rewind(progress);
      const about = found.kept ? config.data : found.describe(place);
      await folder.change({ recipe, data: about, ranks, dtype, policy });
      const state = from ?? (job && initFrom ? await training.trainer.state() : undefined);
      const run = new TrainingRun(folder, training, found, notices, { from, maxMinutes, job });
      return { run, policy, state };
    });
  }

  get recipe(): Recipe {
    return this.folder.config.recipe;
  }

  /**
   * Trains, saving and recording on the way; ends with a sample. What an event says is on the disk when it comes. When
   * `signal` aborts, the step under way is finished, the state saved, and the run ends with reason `interrupted`; who
   * leaves the loop by `break` or an error has it saved, too. Can be called once.
   *
   * A file that cannot be written, since the disk is full say, is told by an event `warning`, and training goes on.
   *
   * @throws {NanobardError} code `diverged` at a loss or gradient that is not finite; `file` if at the end there is
   *   something that still cannot be written.
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
    this.data.close();
    await this.folder.release();
    await this.training.model.device.dispose();
  }

  private async *train(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    try {
      yield* this.session.events(signal);
      await this.job?.conclude();
    } catch (error) {
      if (isDivergence(error)) await this.job?.conclude(); // it is the same for all ranks
      throw error;
    } finally {
      this.data.close();
      await this.folder.release();
      await this.training.model.device.dispose();
    }
  }
}

/** What a run is called that was not given a name. */
function nameOf(wanted: NewRunOptions['recipe'], initFrom: ModelFile | undefined, { model }: Recipe): string {
  if (typeof wanted === 'string') return wanted;
  return wanted === undefined && !initFrom ? defaultRecipe : model;
}

/** Options by whom they concern; those that are undefined count as left out. */
function sorted({
  device,
  threads,
  blas,
  dtype: _,
  keep,
  patience,
  onDivergence,
  maxMinutes,
  job,
  ...changes
}: DeviceOptions & RecipeChanges & RunOptions) {
  const policy: RunPolicy = {
    ...(keep !== undefined && { keep }),
    ...(patience !== undefined && { patience }),
    ...(onDivergence !== undefined && { onDivergence }),
  };
  return { machine: { device, threads, blas }, policy, maxMinutes, job, changes };
}

/** A run, and what other ranks have to know of it. */
type Begun = readonly [run: TrainingRun, work: Work];

/** Begins a run alone, or on what all ranks have agreed on. */
async function together(
  options: DeviceOptions & RunOptions,
  begin: (agreement: Agreement) => Promise<Begun>,
): Promise<TrainingRun> {
  const { machine, job } = sorted(options);
  if (job) return lead(job, options, begin);
  const [run] = await begin({ machine, notices: [] });
  return run;
}

/** The run that `begin` makes of a training; if it fails, the device's threads and memory, and files, are let go first. */
async function prepare(
  machine: DeviceOptions,
  what: Pick<TrainingOptions, 'initFrom' | 'peers'> & Pick<Work, 'recipe'>,
  data: RunData,
  begin: (training: Training) => Promise<Pick<Work, 'policy' | 'state'> & { readonly run: TrainingRun }>,
): Promise<Begun> {
  const { recipe, peers } = what;
  const { vocabSize } = data.content.tokenizer;
  // Ranks of a job compute alike, on processors.
  const work = peers ? undefined : () => planTraining(recipe, vocabSize, 0, 'webgpu');
  const device = await createDevice({ ...machine, work });
  try {
    const training = await createTraining({ ...what, ...data.content, device });
    const { run, ...rest } = await begin(training);
    const { dataset, model } = training;
    return [run, { ...rest, recipe: what.recipe, tokens: dataset, tokenizer: model.tokenizer }];
  } catch (error) {
    data.close();
    await device.dispose();
    throw error;
  }
}

/** `runs/<recipe>-<yyyymmdd-hhmmss>`, in local time: names of runs sort by age. */
export function defaultFolder(recipeName: string, date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return join('runs', `${recipeName}-${local.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`);
}

/** Tables of n-grams learn a text by heart that they see again and again: what to do about it, if so. */
function repetition({ recipe, dataset }: Training, ranks = 1): string | undefined {
  if (recipe.model !== 'modern' || recipe.ngramOrder < 2) return undefined;
  const onePass = Math.ceil(dataset.train.length / (ranks * recipe.batchSize * recipe.blockSize));
  const passes = recipe.maxIters / onePass;
  if (passes < 2 || recipe.dropout > 0) return undefined;
  return (
    `The text is short for ${recipe.maxIters} steps: it is read about ${passes.toFixed(1)} times, and its n-grams ` +
    `are learned by heart. With ${onePass} steps in all it is read once.`
  );
}
