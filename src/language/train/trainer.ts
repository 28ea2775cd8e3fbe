import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator, type GeneratorState } from '../../engine/tensor/generator.ts';
import { breather } from '../breathe.ts';
import type { Dataset, Split } from '../data/dataset.ts';
import { EvenWindows, type EvenWindowsState } from '../data/even-windows.ts';
import { loadParameters, type StoredTensor } from '../formats/load-parameters.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { cosineSchedule } from '../optim/schedule.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { Evaluator } from './evaluator.ts';
import type { TrainEvent } from './events.ts';
import { TrainingStep } from './step.ts';

/** Batches of random windows at most that measure a model before its first update: on all text it is equally bad. */
const UNTRAINED_BATCHES = 2;

/** How far a run has come: plain data, stored in checkpoints. */
export interface Progress {
  /** Updates done. */
  readonly iter: number;
  /** Whether the batch of the next update has been drawn. */
  readonly drawn: boolean;
  /** Whether the evaluation that is due at `iter` has been made. */
  readonly evaluated: boolean;
  readonly bestVal: number | null;
  readonly bestIter: number | null;
  /** Seconds spent in training steps. */
  readonly trainSeconds: number;
  readonly streams: {
    readonly data: GeneratorState | EvenWindowsState;
    readonly evaluation: GeneratorState;
  };
}

/** Everything that a run needs to go on, exactly as if it had never stopped. */
export interface TrainerState {
  readonly progress: Progress;
  /** Parameters, optimizer state and the next batch by name. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export interface TrainerOptions {
  readonly model: LanguageModel;
  readonly dataset: Dataset;
  readonly device: Device;
  readonly recipe: Recipe;
  /** The generator that the model's weights were drawn from; needed where the recipe shares one stream. */
  readonly generator: Generator;
}

/**
 * Trains a model and tells what happens as an async iterator of events. While the caller handles an event
 * the run stands still, so that `state()` is consistent.
 *
 * Unless the recipe shares one random stream, those for data and evaluation are separate: how often one
 * evaluates does not change what is trained on.
 */
export class Trainer {
  private readonly options: TrainerOptions;
  private readonly step: TrainingStep;
  private readonly evaluator: Evaluator;
  private readonly data: Generator | EvenWindows;
  private readonly evaluation: Generator;
  /** The next batch: as in nanoGPT, it is drawn before the evaluation that may come first. */
  private readonly batch: { readonly x: Int32Array; readonly y: Int32Array };
  private drawn = false;
  private iter = 0;
  private evaluated = false;
  private best: { val: number; iter: number } | undefined;
  private trainSeconds = 0;

  private constructor(options: TrainerOptions, step: TrainingStep, evaluator: Evaluator) {
    this.options = options;
    this.step = step;
    this.evaluator = evaluator;
    const { seed, sharedStream, batchSize } = options.recipe;
    this.data = batchStream(options);
    this.evaluation = sharedStream ? options.generator : new Generator(seed + 3);
    const tokens = batchSize * options.model.blockSize;
    this.batch = { x: new Int32Array(tokens), y: new Int32Array(tokens) };
  }

  /** Traces and loads the programs; fails with code `memory` if they do not fit. */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { model, dataset, device, recipe } = options;
    const step = await TrainingStep.create(model, device, recipe);
    return new Trainer(options, step, await Evaluator.create(model, dataset, device, recipe.batchSize));
  }

  /**
   * Trains until `maxIters`, or until `signal` aborts: then the step under way is finished, an evaluation under
   * way given up, and the run ends with reason `interrupted`.
   *
   * @throws {NanobardError} code `diverged` when a loss, of training or evaluation, or a gradient is not finite.
   */
  async *run(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const { recipe, device, model } = this.options;
    const started = performance.now();
    const tokensPerStep = recipe.batchSize * model.blockSize * recipe.gradientAccumulationSteps;
    const learningRate = recipe.decayLr
      ? cosineSchedule({
          learningRate: recipe.learningRate,
          minLearningRate: recipe.minLr,
          warmupIters: recipe.warmupIters,
          decayIters: recipe.lrDecayIters,
        })
      : () => recipe.learningRate;
    const breathe = breather();

    yield {
      type: 'start',
      iter: this.iter,
      maxIters: recipe.maxIters,
      parameters: model.parameterCount(),
      tokensPerStep,
      flopsPerStep: this.step.flops,
      bytes: device.bytes,
      device: device.name,
      threads: device.threads,
    };
    while (true) {
      if (!this.drawn) this.draw(this.batch.x, this.batch.y);
      this.drawn = true;
      const due = this.iter % recipe.evalInterval === 0 || this.iter >= recipe.maxIters;
      const evaluation = due && !this.evaluated ? await this.evaluate(signal) : undefined;
      if (evaluation) yield evaluation;
      if (this.iter >= recipe.maxIters || signal?.aborted) break;
      const begin = performance.now();
      const lr = learningRate(this.iter);
      const { loss, gradNorm } = await this.step.run(this.iter + 1, lr, this.fill);
      const ms = performance.now() - begin;
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        throw diverged(`step ${this.iter + 1}: the loss is ${loss} and the gradient norm ${gradNorm}`);
      }
      this.iter++;
      this.evaluated = false;
      this.trainSeconds += ms / 1000;
      yield {
        type: 'step',
        iter: this.iter,
        loss,
        lr,
        gradNorm,
        ms,
        tokensPerSecond: (1000 * tokensPerStep) / ms,
      };
      await breathe();
    }
    yield {
      type: 'end',
      iter: this.iter,
      reason: this.iter >= recipe.maxIters && this.evaluated ? 'finished' : 'interrupted',
      bestVal: this.best?.val ?? null,
      bestIter: this.best?.iter ?? null,
      trainSeconds: this.trainSeconds,
      seconds: (performance.now() - started) / 1000,
    };
  }

  async state(): Promise<TrainerState> {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, variable] of this.step.variables) {
      tensors.set(name, { shape: variable.shape, data: await this.options.device.read(variable) });
    }
    const batch = [this.options.recipe.batchSize, this.options.model.blockSize];
    tensors.set('batch.x', { shape: batch, data: this.batch.x.slice() });
    tensors.set('batch.y', { shape: batch, data: this.batch.y.slice() });
    const progress: Progress = {
      drawn: this.drawn,
      iter: this.iter,
      evaluated: this.evaluated,
      bestVal: this.best?.val ?? null,
      bestIter: this.best?.iter ?? null,
      trainSeconds: this.trainSeconds,
      streams: { data: this.data.getState(), evaluation: this.evaluation.getState() },
    };
    return { progress, tensors };
  }

  /**
   * Goes on from a state of `state()`.
   *
   * @throws {NanobardError} code `checkpoint` if its tensors are not those of this model.
   */
  async restore({ progress, tensors }: TrainerState): Promise<void> {
    await loadParameters(this.step.variables, tensors, this.options.device);
    this.restoreBatch(progress.drawn, tensors);
    this.iter = progress.iter;
    this.evaluated = progress.evaluated;
    this.best =
      progress.bestVal === null ? undefined : { val: progress.bestVal, iter: progress.bestIter ?? 0 };
    this.trainSeconds = progress.trainSeconds;
    restoreStream(this.data, progress.streams.data);
    this.evaluation.setState(progress.streams.evaluation);
  }

  /** A batch that was drawn for another batch size is forgotten. */
  private restoreBatch(drawn: boolean, tensors: TrainerState['tensors']): void {
    const x = tensors.get('batch.x')?.data;
    const y = tensors.get('batch.y')?.data;
    this.drawn = drawn && x?.length === this.batch.x.length && y?.length === this.batch.y.length;
    if (!this.drawn) return;
    this.batch.x.set(x!);
    this.batch.y.set(y!);
  }

  private draw(x: Int32Array, y: Int32Array): void {
    this.options.dataset.batch('train', this.data, x, y);
  }

  /** Hands out the batch that is drawn already, then further ones. */
  private readonly fill = (x: Int32Array, y: Int32Array): void => {
    if (!this.drawn) {
      this.draw(x, y);
      return;
    }
    x.set(this.batch.x);
    y.set(this.batch.y);
    this.drawn = false;
  };

  /**
   * Undefined if the signal aborts it: then the run is as if it had not begun. Before the first update it is brief,
   * so that training starts at once; where all is to be as in nanoGPT, it is not.
   */
  private async evaluate(signal?: AbortSignal): Promise<TrainEvent | undefined> {
    const { evalIters, sharedStream } = this.options.recipe;
    const untrained = this.iter === 0;
    const measured = untrained && !sharedStream ? Math.min(evalIters, UNTRAINED_BATCHES) : evalIters;
    const estimate = (split: Split): Promise<number> =>
      this.evaluator.randomWindows(split, evalIters, this.evaluation, signal, measured);
    const begin = performance.now();
    const stream = this.evaluation.getState();
    try {
      const train = await estimate('train');
      const val = await estimate('validation');
      const valFull = untrained ? null : (await this.evaluator.wholeSplit('validation', signal)).loss;
      if (![train, val, valFull ?? val].every(Number.isFinite)) {
        const whole = valFull === null ? '' : ` and ${valFull}`;
        throw diverged(
          `after step ${this.iter} the losses are ${train} (train), ${val}${whole} (validation)`,
        );
      }
      const best = !untrained && (this.best === undefined || val < this.best.val);
      if (best) this.best = { val, iter: this.iter };
      this.evaluated = true;
      return { type: 'eval', iter: this.iter, train, val, valFull, best, ms: performance.now() - begin };
    } catch (error) {
      if (!signal?.aborted || error instanceof NanobardError) throw error;
      this.evaluation.setState(stream);
      return undefined;
    }
  }
}

/** Where the batches of a recipe come from. */
export function batchStream({ recipe, generator }: Pick<TrainerOptions, 'recipe' | 'generator'>) {
  if (recipe.evenWindows) return new EvenWindows(recipe.seed, recipe.blockSize);
  return recipe.sharedStream ? generator : new Generator(recipe.seed);
}

function restoreStream(stream: Generator | EvenWindows, state: GeneratorState | EvenWindowsState): void {
  if (stream instanceof EvenWindows && 'drawn' in state) stream.setState(state);
  else if (stream instanceof Generator && 'words' in state) stream.setState(state);
  else
    throw new NanobardError('checkpoint', 'the checkpoint draws its batches in another way than the recipe');
}

function diverged(message: string): NanobardError {
  return new NanobardError('diverged', message, {
    hint: 'Use a lower learning rate, a longer warm-up or gradient clipping.',
  });
}
