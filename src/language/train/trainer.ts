import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { breather } from '../breathe.ts';
import type { Batch, Dataset } from '../data/dataset.ts';
import { EvenWindows } from '../data/even-windows.ts';
import { loadParameters } from '../formats/load-parameters.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { cosineSchedule } from '../optim/schedule.ts';
import { checkArgument, checkOptions, number, whole } from '../options.ts';
import { Batches, restoreStream, storedBatch } from './batches.ts';
import {
  type Progress,
  readSnapshot,
  type SnapshotTensor,
  type TrainerSnapshot,
  type TrainerState,
} from './checkpoint.ts';
import type { TrainingConfig } from './config.ts';
import { diverged } from './diverged.ts';
import { abortedByPeer, Evaluator } from './evaluator.ts';
import type { EndEvent, EndReason, StepEvent, TrainEvent } from './events.ts';
import { type FinishedStep, LateSteps } from './late-steps.ts';
import { measure } from './measure.ts';
import { alone, type Peers } from './peers.ts';
import { type StepResult, TrainingStep } from './step.ts';

/** How many steps later, at most, a step is told of. */
const LATEST = 3;

/**
 * What is added to the seed for each stream of random numbers. Weights and data begin with the same numbers, as in
 * the lecture.
 */
export const streams = { weights: 0, data: 0, sample: 1, evaluation: 3 } as const;

export interface TrainerOptions {
  readonly model: LanguageModel;
  readonly dataset: Dataset;
  readonly device: Device;
  readonly config: TrainingConfig;
  /** The generator that the model's weights were drawn from; needed where one stream is shared. */
  readonly generator: Generator;
  /** Bytes of text that a token of the validation split stands for on average, where that is known. */
  readonly bytesPerToken?: number | undefined;
  /** Every how many steps the loss is told; 1 by default. */
  readonly reportEvery?: number | undefined;
  /** With whom the model is trained together: each rank takes a batch of `batchSize`. Alone by default. */
  readonly peers?: Peers | undefined;
}

/** When to stop before all steps are done. */
export interface Limits {
  /** Evaluations in a row without a better validation loss; no limit by default. */
  readonly patience?: number | undefined;
  /** Minutes of this call of `run`; the step under way is finished. No limit by default. */
  readonly maxMinutes?: number | undefined;
}

export const limitRules = {
  patience: whole(1),
  maxMinutes: number((minutes) => minutes > 0, 'greater than 0'),
};

/**
 * Trains a model and tells what happens as an async iterator of events. While the caller handles an event
 * the run stands still, so that `state()` is consistent. A device that computes on its own, as a GPU does, is given the
 * next steps meanwhile: a step is told of up to three steps later, but before an evaluation and before the end.
 *
 * Unless one random stream is shared, those for data and evaluation are separate: how often one
 * evaluates does not change what is trained on.
 */
export class Trainer {
  /** One step: what `run` repeats, to be measured by itself. */
  readonly training: TrainingStep;
  private readonly options: TrainerOptions;
  private readonly evaluator: Evaluator;
  private readonly evaluation: Generator;
  /** Of the next step; unless in the lecture's order, the first is drawn before an evaluation, as in nanoGPT. */
  private readonly batches: Batches;
  private readonly peers: Peers;
  private readonly late = new LateSteps();
  /** Of steps that are over, what has not been told yet. */
  private readonly untold: StepEvent[] = [];
  /** How far the run has come; where the streams are, they tell themselves. */
  private readonly progress: Omit<Progress, 'streams'> = {
    step: 0,
    drawn: false,
    evaluated: false,
    bestVal: null,
    bestStep: null,
    evalsSinceBest: 0,
    restores: 0,
    trainSeconds: 0,
  };

  private constructor(options: TrainerOptions, training: TrainingStep, evaluator: Evaluator) {
    this.options = options;
    this.training = training;
    this.evaluator = evaluator;
    const { config, dataset, generator, peers = alone } = options;
    this.peers = peers;
    const { seed, sharedStream, evenWindows, batchSize, gradientAccumulationSteps: count } = config;
    const random = sharedStream ? generator : new Generator(seed + streams.data);
    const stream = evenWindows ? new EvenWindows(seed, dataset.blockSize) : random;
    this.batches = new Batches(dataset, stream, { count, batchSize, share: peers });
    this.evaluation = sharedStream ? generator : new Generator(seed + streams.evaluation);
  }

  /**
   * Traces and loads the programs.
   *
   * @throws {NanobardError} code `memory` if they do not fit, `argument` if an option makes no sense.
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { model, dataset, device, config, reportEvery = 1, peers } = options;
    checkArgument('Trainer.create', 'reportEvery', whole(1), reportEvery);
    const breathe = breather();
    const step = await TrainingStep.create(model, device, config, peers);
    await breathe();
    const evaluator = await Evaluator.create(model, dataset, device, config.batchSize, peers);
    return new Trainer(options, step, evaluator);
  }

  /**
   * Trains until `maxIters`, a limit, or until `signal` aborts: then the step under way is finished, an evaluation under
   * way given up, and the run ends with reason `interrupted`. Of several ranks, what one of them wishes stops all, after
   * a step that they make together.
   *
   * @throws {NanobardError} code `diverged` when a loss, of training or evaluation, or a gradient is not finite; after an
   *   event that the run has ended for this reason.
   */
  async *run(signal?: AbortSignal, limits: Limits = {}): AsyncGenerator<TrainEvent, void, void> {
    checkOptions('Trainer.run', limits, limitRules);
    const { config, device, model } = this.options;
    const started = performance.now();
    yield {
      type: 'start',
      step: this.progress.step,
      maxIters: config.maxIters,
      parameters: model.parameterCount(),
      tokensPerStep: this.tokensPerStep,
      flopsPerStep: this.training.flops,
      bytes: device.bytes,
      device: device.name,
      threads: device.threads,
      ranks: this.peers.size,
    };
    try {
      const reason = yield* this.steps(signal, limits, started);
      await this.training.collect();
      yield this.ended(reason, started);
    } catch (error) {
      if (error instanceof NanobardError && error.code === 'diverged') yield this.ended('diverged', started);
      throw error;
    }
  }

  /** Steps and evaluations, until there is a reason to end. */
  private async *steps(
    signal: AbortSignal | undefined,
    limits: Limits,
    started: number,
  ): AsyncGenerator<TrainEvent, EndReason, void> {
    const { config } = this.options;
    const { progress } = this;
    const free = this.peers.size === 1 && (config.syncEvery ?? 1) === 1;
    const { wishes } = this.training;
    Object.assign(wishes, { interrupted: false, time: false });
    const wish = (): void => {
      wishes.interrupted = signal?.aborted === true;
      const { maxMinutes } = limits;
      wishes.time = maxMinutes !== undefined && performance.now() - started >= 60_000 * maxMinutes;
    };
    const rateAt = this.schedule();
    const breathe = breather();
    while (true) {
      if (!config.lectureOrder) this.drawFirst();
      const due = progress.step % config.evalInterval === 0 || progress.step >= config.maxIters;
      if (due && !progress.evaluated) {
        yield* this.arrived(0);
        const evaluation = await this.evaluate(signal);
        if (evaluation) {
          await this.training.collect();
          yield evaluation;
        }
      }
      if (free) wish(); // others learn of it with the next step
      const reason = this.reasonToEnd(limits);
      if (reason) {
        yield* this.arrived(0);
        return reason;
      }
      this.drawFirst();
      const begin = performance.now();
      const learningRate = rateAt(progress.step) * 2 ** -progress.restores;
      const next = progress.step + 1;
      if (!free) wish();
      const { result } = await this.training.start(next, learningRate, this.nextBatches());
      progress.drawn = false;
      progress.step = next;
      progress.evaluated = false;
      if (result instanceof Promise) {
        this.late.add(next, learningRate, begin, result);
        yield* this.arrived(LATEST);
      } else if (result) {
        const event = this.finish({ step: next, learningRate, result, ms: performance.now() - begin });
        if (event) yield event;
      } else progress.trainSeconds += (performance.now() - begin) / 1000;
      await breathe();
    }
  }

  private reasonToEnd({ patience }: Limits): EndReason | undefined {
    const { step, evaluated, evalsSinceBest } = this.progress;
    const { wishes } = this.training;
    if (step >= this.options.config.maxIters && evaluated) return 'finished';
    if (wishes.interrupted) return 'interrupted';
    if (patience !== undefined && evalsSinceBest >= patience) return 'patience';
    if (wishes.time) return 'time';
    return undefined;
  }

  /** Tells of steps, in their order, until at most `most` are under way. */
  private async *arrived(most: number): AsyncGenerator<StepEvent, void, void> {
    for (let event = this.untold.shift(); event; event = this.untold.shift()) yield event;
    for (let step = await this.late.next(most); step; step = await this.late.next(most)) {
      const event = this.finish(step);
      if (event) yield event;
    }
  }

  /** Counts a step that is over; its event, if it is to be told. */
  private finish({ step, learningRate, result, ms }: FinishedStep): StepEvent | undefined {
    const { config, reportEvery = 1 } = this.options;
    const problem = problemOf(result);
    if (problem) {
      this.late.clear(); // what follows comes of it
      this.progress.step = step - 1;
      throw diverged(`step ${step}: ${problem}`);
    }
    this.progress.trainSeconds += ms / 1000;
    if (
      !result.skipped &&
      step % reportEvery !== 0 &&
      step % config.evalInterval !== 0 &&
      step !== config.maxIters
    )
      return undefined;
    const tokensPerSecond = (1000 * this.tokensPerStep) / ms;
    return { type: 'step', step, ...result, learningRate, ms, tokensPerSecond };
  }

  private ended(reason: EndReason, started: number): EndEvent {
    const { step, bestVal, bestStep, trainSeconds } = this.progress;
    const seconds = (performance.now() - started) / 1000;
    return { type: 'end', step, reason, bestVal, bestStep, trainSeconds, seconds };
  }

  private get tokensPerStep(): number {
    const { batchSize, gradientAccumulationSteps } = this.options.config;
    return batchSize * this.options.model.blockSize * gradientAccumulationSteps * this.peers.size;
  }

  private schedule(): (step: number) => number {
    const { decayLr, learningRate, minLr, warmupIters, lrDecayIters } = this.options.config;
    if (!decayLr) return () => learningRate;
    return cosineSchedule({
      ...{ learningRate, minLearningRate: minLr },
      ...{ warmupSteps: warmupIters, decaySteps: lrDecayIters },
    });
  }

  /** The batches of the next step, drawn as far as they are not yet. */
  nextBatches(): readonly Batch[] {
    const { own } = this.batches;
    for (let i = this.progress.drawn ? 1 : 0; i < own.length; i++) this.batches.draw(i);
    return own;
  }

  /** Frees the programs; the model stays on its device. */
  dispose(): void {
    this.training.dispose();
    this.evaluator.dispose();
    this.options.device.release(this.training.state);
  }

  /** Waits for the steps under way, and gives the events of those that `run` has not told: for who leaves it early. */
  async rest(): Promise<StepEvent[]> {
    const events: StepEvent[] = [];
    for await (const event of this.arrived(0)) events.push(event);
    return events;
  }

  /**
   * Whether `state` tells all: where ranks share out what the optimizer remembers, at rank 0 before the first step, after
   * evaluations and at the end.
   */
  get whole(): boolean {
    return this.training.whole;
  }

  /**
   * Everything that `restore` needs, if it is `whole`, after the steps under way.
   *
   * @throws {NanobardError} code `diverged` if one of those is not finite.
   */
  async state(): Promise<TrainerState> {
    return readSnapshot(await this.snapshot());
  }

  /**
   * The same, for a state that is too large to lie in memory twice: its tensors are read when they are asked for.
   *
   * @throws {NanobardError} as `state` does.
   */
  async snapshot(): Promise<TrainerSnapshot> {
    this.untold.push(...(await this.rest()));
    const tensors = new Map<string, SnapshotTensor>();
    for (const [name, variable] of this.training.variables) {
      const { shape, dtype } = variable;
      tensors.set(name, { shape, dtype, read: () => this.training.view(variable) });
    }
    for (const [name, { shape, data }] of this.progress.drawn ? this.batches.stored() : [])
      tensors.set(name, { shape, dtype: 'i32', read: async () => data });
    const places = { data: this.batches.stream.getState(), evaluation: this.evaluation.getState() };
    const { lossScale } = this.training;
    if (lossScale) this.progress.lossScale = (await this.options.device.read(lossScale.variable))[0];
    return { progress: { ...this.progress, streams: places }, tensors };
  }

  /**
   * Goes on from a state of `state()`.
   *
   * @throws {NanobardError} code `checkpoint` if its tensors are not those of this model.
   */
  async restore({ progress: { streams: places, ...progress }, tensors }: TrainerState): Promise<void> {
    const stored = storedBatch(tensors, this.options.model.vocabSize);
    await loadParameters(this.training.variables, tensors, this.options.device);
    this.late.clear();
    this.untold.length = 0;
    await this.training.begin(progress.lossScale);
    const drawn = progress.drawn && this.batches.restore(stored);
    Object.assign(this.progress, progress, { drawn });
    restoreStream(this.batches.stream, places.data);
    this.evaluation.setState(places.evaluation);
  }

  /** The first batch of the next step, unless it is there already. */
  private drawFirst(): void {
    if (!this.progress.drawn) this.batches.draw(0);
    this.progress.drawn = true;
  }

  /** Undefined if the signal aborts it: then the run is as if it had not begun. */
  private async evaluate(signal?: AbortSignal): Promise<TrainEvent | undefined> {
    const { lectureOrder, maxIters } = this.options.config;
    const { progress } = this;
    const { step, bestVal } = progress;
    const begin = performance.now();
    const stream = this.evaluation.getState();
    try {
      const losses = await measure(this.evaluator, this.options, {
        step,
        generator: this.evaluation,
        signal,
      });
      const { val } = losses;
      const best = step > 0 && (bestVal === null || val < bestVal);
      if (best) Object.assign(progress, { bestVal: val, bestStep: step, evalsSinceBest: 0 });
      else if (step > 0) progress.evalsSinceBest++;
      progress.evaluated = true;
      // The lecture's scripts have no evaluation here: what follows draws as if there were none.
      if (lectureOrder && step >= maxIters) this.evaluation.setState(stream);
      return { type: 'eval', step, ...losses, best, ms: performance.now() - begin };
    } catch (error) {
      const aborted = signal?.aborted === true && error === signal.reason;
      if (!aborted && error !== abortedByPeer) throw error;
      this.training.wishes.interrupted = true;
      this.evaluation.setState(stream);
      return undefined;
    }
  }
}

/** Why a training cannot go on after a step, if so. */
function problemOf({ loss, gradNorm, skipped, lossScale }: StepResult): string | undefined {
  if (!(Number.isFinite(loss) && Number.isFinite(gradNorm)))
    return `the loss is ${loss} and the gradient norm ${gradNorm}`;
  return skipped && !(lossScale! >= 1)
    ? 'gradients are not finite in f16, however small the loss is made'
    : undefined;
}
