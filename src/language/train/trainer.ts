import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator, type GeneratorState } from '../../engine/tensor/generator.ts';
import { breather } from '../breathe.ts';
import { type Batch, type Dataset, newBatch, type Split } from '../data/dataset.ts';
import { EvenWindows, type EvenWindowsState } from '../data/even-windows.ts';
import { loadParameters, type StoredTensor } from '../formats/load-parameters.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { cosineSchedule } from '../optim/schedule.ts';
import type { TrainingConfig } from './config.ts';
import { Evaluator } from './evaluator.ts';
import type { TrainEvent } from './events.ts';
import { TrainingStep } from './step.ts';

/** Batches of random windows at most that measure a model before its first step: on all text it is equally bad. */
const UNTRAINED_BATCHES = 2;

/**
 * What is added to the seed for each stream of random numbers. Weights and data begin with the same numbers, as in
 * the lecture.
 */
export const streams = { weights: 0, data: 0, sample: 1, evaluation: 3 } as const;

/** Names of the next batch's tensors in a checkpoint. */
const BATCH = ['batch.x', 'batch.y'];

/** How far a run has come: plain data, stored in checkpoints. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Whether the batch of the next step has been drawn. */
  readonly drawn: boolean;
  /** Whether the evaluation that is due at `step` has been made. */
  readonly evaluated: boolean;
  readonly bestVal: number | null;
  readonly bestStep: number | null;
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
  readonly config: TrainingConfig;
  /** The generator that the model's weights were drawn from; needed where one stream is shared. */
  readonly generator: Generator;
  /** Every how many steps the loss is read and told; 1 by default. A GPU need not wait in between. */
  readonly reportEvery?: number;
}

/**
 * Trains a model and tells what happens as an async iterator of events. While the caller handles an event
 * the run stands still, so that `state()` is consistent.
 *
 * Unless one random stream is shared, those for data and evaluation are separate: how often one
 * evaluates does not change what is trained on.
 */
export class Trainer {
  private readonly options: TrainerOptions;
  private readonly training: TrainingStep;
  private readonly evaluator: Evaluator;
  private readonly data: Generator | EvenWindows;
  private readonly evaluation: Generator;
  /** The batches of the next step; the first is drawn before the evaluation that may come first, as in nanoGPT. */
  private readonly batches: readonly Batch[];
  private drawn = false;
  private step = 0;
  private evaluated = false;
  private best: { val: number; step: number } | undefined;
  private trainSeconds = 0;

  private constructor(
    options: TrainerOptions,
    training: TrainingStep,
    batches: readonly Batch[],
    evaluator: Evaluator,
  ) {
    this.options = options;
    this.training = training;
    this.batches = batches;
    this.evaluator = evaluator;
    const { seed, sharedStream } = options.config;
    this.data = batchStream(options);
    this.evaluation = sharedStream ? options.generator : new Generator(seed + streams.evaluation);
  }

  /**
   * Traces and loads the programs.
   *
   * @throws {NanobardError} code `memory` if they do not fit, `argument` if an option makes no sense.
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { model, dataset, device, config, reportEvery = 1 } = options;
    if (!(Number.isInteger(reportEvery) && reportEvery >= 1)) {
      throw new NanobardError('argument', `reportEvery must be a whole number from 1 on, not ${reportEvery}`);
    }
    const batches = Array.from({ length: config.gradientAccumulationSteps }, () =>
      newBatch(config.batchSize, model.blockSize),
    );
    const breathe = breather();
    const step = await TrainingStep.create(model, device, config);
    await breathe();
    const evaluator = await Evaluator.create(model, dataset, device, config.batchSize);
    return new Trainer(options, step, batches, evaluator);
  }

  /**
   * Trains until `maxIters`, or until `signal` aborts: then the step under way is finished, an evaluation under
   * way given up, and the run ends with reason `interrupted`.
   *
   * @throws {NanobardError} code `diverged` when a loss, of training or evaluation, or a gradient is not finite.
   */
  async *run(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const { config, device, model, reportEvery = 1 } = this.options;
    const started = performance.now();
    const tokensPerStep = config.batchSize * model.blockSize * config.gradientAccumulationSteps;
    const rateAt = config.decayLr
      ? cosineSchedule({
          learningRate: config.learningRate,
          minLearningRate: config.minLr,
          warmupSteps: config.warmupIters,
          decaySteps: config.lrDecayIters,
        })
      : () => config.learningRate;
    const breathe = breather();

    yield {
      type: 'start',
      step: this.step,
      maxIters: config.maxIters,
      parameters: model.parameterCount(),
      tokensPerStep,
      flopsPerStep: this.training.flops,
      bytes: device.bytes,
      device: device.name,
      threads: device.threads,
    };
    while (true) {
      if (!config.lectureOrder) this.drawFirst();
      const due = this.step % config.evalInterval === 0 || this.step >= config.maxIters;
      const evaluation = due && !this.evaluated ? await this.evaluate(signal) : undefined;
      if (evaluation) yield evaluation;
      if (this.step >= config.maxIters || signal?.aborted) break;
      this.drawFirst();
      const begin = performance.now();
      const learningRate = rateAt(this.step);
      for (let i = 1; i < this.batches.length; i++) this.draw(i);
      const next = this.step + 1;
      const told = next % reportEvery === 0 || next % config.evalInterval === 0 || next === config.maxIters;
      const result = await (told
        ? this.training.run(next, learningRate, this.batches, true)
        : this.training.run(next, learningRate, this.batches));
      const ms = performance.now() - begin;
      if (result && !(Number.isFinite(result.loss) && Number.isFinite(result.gradNorm))) {
        throw diverged(`step ${next}: the loss is ${result.loss} and the gradient norm ${result.gradNorm}`);
      }
      this.drawn = false;
      this.step = next;
      this.evaluated = false;
      this.trainSeconds += ms / 1000;
      const tokensPerSecond = (1000 * tokensPerStep) / ms;
      if (result) yield { type: 'step', step: next, ...result, learningRate, ms, tokensPerSecond };
      await breathe();
    }
    yield {
      type: 'end',
      step: this.step,
      reason: this.step >= config.maxIters && this.evaluated ? 'finished' : 'interrupted',
      bestVal: this.best?.val ?? null,
      bestStep: this.best?.step ?? null,
      trainSeconds: this.trainSeconds,
      seconds: (performance.now() - started) / 1000,
    };
  }

  /** Frees the programs; the model stays on its device. */
  dispose(): void {
    this.training.dispose();
    this.evaluator.dispose();
    this.options.device.release(this.training.state);
  }

  /** Everything that `restore` needs. */
  async state(): Promise<TrainerState> {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, variable] of this.training.variables) {
      tensors.set(name, { shape: variable.shape, data: await this.options.device.read(variable) });
    }
    for (const [i, { shape, data }] of this.batches[0]!.entries())
      tensors.set(BATCH[i]!, { shape, data: Int32Array.from(data) });
    const progress: Progress = {
      drawn: this.drawn,
      step: this.step,
      evaluated: this.evaluated,
      bestVal: this.best?.val ?? null,
      bestStep: this.best?.step ?? null,
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
    await loadParameters(this.training.variables, tensors, this.options.device);
    this.restoreBatch(progress.drawn, tensors);
    this.step = progress.step;
    this.evaluated = progress.evaluated;
    this.best =
      progress.bestVal === null ? undefined : { val: progress.bestVal, step: progress.bestStep ?? 0 };
    this.trainSeconds = progress.trainSeconds;
    restoreStream(this.data, progress.streams.data);
    this.evaluation.setState(progress.streams.evaluation);
  }

  /** A batch that was drawn for another batch size is forgotten. */
  private restoreBatch(drawn: boolean, tensors: TrainerState['tensors']): void {
    const stored = BATCH.map((name) => tensors.get(name)?.data);
    const batch = this.batches[0]!;
    this.drawn = drawn && batch.every(({ data }, i) => stored[i]?.length === data.length);
    if (this.drawn) for (const [i, { data }] of batch.entries()) data.set(stored[i]!);
  }

  /** The first batch of the next step, unless it is there already. */
  private drawFirst(): void {
    if (!this.drawn) this.draw(0);
    this.drawn = true;
  }

  private draw(index: number): void {
    this.options.dataset.fill(this.batches[index]!, 'train', this.data);
  }

  /**
   * Undefined if the signal aborts it: then the run is as if it had not begun. Before the first step it is brief,
   * so that training starts at once; where all is to be as in nanoGPT, it is not.
   */
  private async evaluate(signal?: AbortSignal): Promise<TrainEvent | undefined> {
    const { evalIters, sharedStream, lectureOrder, maxIters } = this.options.config;
    const untrained = this.step === 0;
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
          `after step ${this.step} the losses are ${train} (train), ${val}${whole} (validation)`,
        );
      }
      const best = !untrained && (this.best === undefined || val < this.best.val);
      if (best) this.best = { val, step: this.step };
      this.evaluated = true;
      // The lecture's scripts have no evaluation here: what follows draws as if there were none.
      if (lectureOrder && this.step >= maxIters) this.evaluation.setState(stream);
      return { type: 'eval', step: this.step, train, val, valFull, best, ms: performance.now() - begin };
    } catch (error) {
      if (!signal?.aborted || error !== signal.reason) throw error;
      this.evaluation.setState(stream);
      return undefined;
    }
  }
}

/** Where the batches of a training come from. */
export function batchStream({ model, config, generator }: Omit<TrainerOptions, 'dataset' | 'device'>) {
  if (config.evenWindows) return new EvenWindows(config.seed, model.blockSize);
  return config.sharedStream ? generator : new Generator(config.seed + streams.data);
}

function restoreStream(stream: Generator | EvenWindows, state: GeneratorState | EvenWindowsState): void {
  if (stream instanceof EvenWindows && 'drawn' in state) stream.setState(state);
  else if (stream instanceof Generator && 'words' in state) stream.setState(state);
  else
    throw new NanobardError(
      'checkpoint',
      'the checkpoint draws its batches in another way than this training',
    );
}

function diverged(message: string): NanobardError {
  return new NanobardError('diverged', message, {
    hint: 'Use a lower learning rate, a longer warm-up or gradient clipping.',
  });
}
