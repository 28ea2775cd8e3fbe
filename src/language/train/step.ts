import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device, Executable } from '../../engine/devices/device.ts';
import type { LossScale } from '../../engine/devices/loss-scale.ts';
import { NanobardError } from '../../engine/errors.ts';
import { mul } from '../../engine/ops/elementwise/elementwise.ts';
import { grad } from '../../engine/ops/grad.ts';
import type { TypedArray } from '../../engine/tensor/dtype.ts';
import type { Scalar, Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { type Batch, newBatch } from '../data/dataset.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { dropoutKey } from '../nn/dropout.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { TrainingConfig } from './config.ts';
import { Gradients } from './gradients.ts';
import { createOptimizer } from './optimizer.ts';
import { OuterStep } from './outer-step.ts';
import { alone, type Peers } from './peers.ts';
import type { Shards } from './shards.ts';

/** What one step reports. */
export interface StepResult {
  /** Mean cross entropy of the step's batches, before the update. */
  readonly loss: number;
  /** Global norm of the gradient, before clipping. */
  readonly gradNorm: number;
  /** Where activations are f16, what the next step's loss is multiplied by: see `LossScale`. */
  readonly lossScale?: number;
  /** There, too, whether gradients were not finite: then no parameter was updated, and `gradNorm` is 0. */
  readonly skipped?: boolean;
}

/** A step that has been started. */
export interface StartedStep {
  /** What it reports: a promise where the device is still at it, nothing where ranks do not come together. */
  readonly result: StepResult | Promise<StepResult> | undefined;
}

/** One that this rank makes by itself. */
interface OwnStep extends StartedStep {
  readonly result: StepResult | Promise<StepResult>;
}

/** Numbers that ranks exchange with their gradients: the loss and the wishes. */
const REPORTS = 3;

/** What one instruction of a step took. */
export interface InstructionTime {
  readonly op: string;
  readonly ms: number;
  readonly flops: number;
}

/** What a program reports that updates; a rate of 0 is that of a step that was skipped. */
type UpdateResult = Omit<StepResult, 'loss' | 'skipped'> & { readonly rate?: number };
/** What a batch's program reports: the rest where it is the only batch. */
type BatchResult = Pick<StepResult, 'loss'> & Partial<UpdateResult>;

/** Why a rank wants to stop: it was told to, or its time is over. */
export interface Wishes {
  interrupted: boolean;
  time: boolean;
}

type Backward = CompiledFunction<{ readonly loss: Scalar }>;
type Update = CompiledFunction<{ readonly gradNorm: Scalar }>;

/** What follows when all gradients are there. */
interface Later {
  readonly gradients: Gradients;
  readonly update: Update;
}

/**
 * One step: forward, backward, clipping and the optimizer, traced once. That is a single program; with gradient
 * accumulation, or peers, one program adds each batch's gradient to a sum and another updates from it. In between, ranks
 * exchange these sums, together with the loss and with what each wishes. With `syncEvery`, each trains for itself, and
 * ranks exchange parameters, after so many steps: see `OuterStep`. Where activations are f16, see `LossScale`.
 */
export class TrainingStep {
  /** Parameters and optimizer state by name: what a checkpoint must hold. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Batches of one step, of this rank. */
  readonly batches: number;
  /** Where the device stores activations as f16. */
  readonly lossScale: LossScale | undefined;
  /** Floating-point operations of one step, of all ranks. */
  flops = 0;
  /** What this rank wishes; after a step, what any of them did. */
  readonly wishes: Wishes = { interrupted: false, time: false };
  private readonly optimizer: Optimizer;
  private readonly device: Device;
  private readonly peers: Peers;
  private readonly outer: OuterStep | undefined;
  private readonly shards: Shards | undefined;
  /** Whether that is to begin where the parameters are. */
  private begins = true;
  /** Whether ranks come together after a step of this number. */
  private readonly meets: (step: number) => boolean;
  private readonly backward: Backward;
  /** Undefined where the backward program updates, too. */
  private readonly later: Later | undefined;
  /** Number of batches before the one that runs. */
  private drawn = 0;

  private constructor(model: LanguageModel, device: Device, config: TrainingConfig, peers: Peers) {
    const parameters = model.train().parameters();
    const { optimizer, shards } = createOptimizer(model, config, peers);
    this.optimizer = optimizer;
    this.shards = shards;
    this.device = device;
    this.peers = peers;
    const { seed, maxIters, syncEvery = 1 } = config;
    this.batches = config.gradientAccumulationSteps;
    this.meets = (step) => step % syncEvery === 0 || step === maxIters;
    this.outer = syncEvery === 1 ? undefined : new OuterStep(parameters, device, peers);
    this.variables = new Map([...model.namedParameters(), ...optimizer.state, ...(this.outer?.state ?? [])]);
    const helpers = this.outer ? alone : peers; // who adds up gradients
    const sources = {
      [dropoutKey.name]: () => [seed | 0, Math.floor(seed / 2 ** 32) | 0, this.drawn],
    };
    this.lossScale = device.newLossScale?.();
    const gradientsOf = (loss: Tensor): Tensor[] => grad(this.lossScale?.scaled(loss) ?? loss, parameters);
    if (this.batches * helpers.size === 1) {
      this.backward = device.compile((x, y) => {
        const loss = model.loss(x, y);
        return { loss, ...this.update(gradientsOf(loss)) };
      }, sources);
      return;
    }
    const share = 1 / (this.batches * helpers.size);
    const gradients = new Gradients(optimizer, helpers, REPORTS);
    // Where there are several batches, `keep` is 0 for the first of a step, then 1.
    this.backward = device.compile((x, y, keep) => {
      const loss = model.loss(x, y);
      gradients.add(gradientsOf(mul(loss, share)), keep);
      return { loss };
    }, sources);
    const update = device.compile(() => this.update(gradients.total(), gradients));
    this.later = { gradients, update };
  }

  /** Inside a program: updates from gradients, those of `sums` if these remain there until the next step. */
  private update(gradients: readonly Tensor[], sums?: Gradients) {
    const { lossScale: scale, optimizer } = this;
    if (!scale) return { gradNorm: optimizer.update(gradients) };
    const { gradients: exact, rate, lossScale } = scale.unscaled(optimizer, gradients);
    sums?.leave(exact);
    return { gradNorm: optimizer.update(exact, rate), rate, lossScale };
  }

  /** What the step alone needs: optimizer state and sums of gradients. */
  get state(): readonly Variable[] {
    const { optimizer, later, lossScale, outer } = this;
    return [
      ...optimizer.state.values(),
      ...(later?.gradients.variables ?? []),
      ...(lossScale ? [lossScale.variable] : []),
      ...(outer ? [...outer.state.values(), ...outer.start] : []),
    ];
  }

  /**
   * The parameters have been changed from outside: steps go on from there, and ranks together; where activations are f16,
   * with this scale of the loss, that which new trainings have by default.
   */
  async begin(lossScale?: number): Promise<void> {
    this.begins = true;
    const { lossScale: scale } = this;
    if (scale) await this.device.write(scale.variable, [lossScale ?? scale.first]);
    await this.later?.gradients.clear(this.device);
    await this.shards?.restore(this.device);
  }

  /** Lets rank 0 know what a checkpoint needs of the others, where each has its share; all ranks call this. */
  async collect(): Promise<void> {
    await this.shards?.collect(this.device);
  }

  /** Whether all that a checkpoint needs is here: no step has been made since the last `collect`. */
  get whole(): boolean {
    return this.shards?.whole ?? true;
  }

  /** What a checkpoint holds of a variable. */
  async view(variable: Variable): Promise<TypedArray> {
    return this.shards?.foreign(variable) ?? this.device.view(variable);
  }

  /** @throws {NanobardError} code `memory` if the programs do not fit. */
  static async create(
    model: LanguageModel,
    device: Device,
    config: TrainingConfig,
    peers = alone,
  ): Promise<TrainingStep> {
    const step = new TrainingStep(model, device, config, peers);
    checkRound(config);
    if (step.lossScale && peers.size > 1)
      throw new NanobardError('config', 'ranks do not train together in f16', {
        hint: 'Train alone, or in f32.',
        options: ['dtype'],
      });
    if (peers.size > 1) await step.later?.gradients.place(device);
    const batch = newBatch(config.batchSize, model.blockSize);
    const [backward, update] = await step.programs(batch);
    step.later?.gradients.overlap(backward, device);
    await step.outer?.load();
    step.flops = peers.size * (backward.program.flops * step.batches + (update?.program.flops ?? 0));
    return step;
  }

  /**
   * Runs step number `step`, counted from 1, on as many batches as it takes, and waits for what it reports: nothing
   * between two steps after which ranks come together.
   */
  async run(step: number, learningRate: number, batches: readonly Batch[]): Promise<StepResult | undefined> {
    return (await this.start(step, learningRate, batches)).result;
  }

  /**
   * Runs a step like `run`, without waiting where the device computes on its own: then what it reports is a promise, and
   * the next step may be started before.
   */
  async start(step: number, learningRate: number, batches: readonly Batch[]): Promise<StartedStep> {
    this.prepare(step, learningRate);
    const { outer, later } = this;
    if (!outer) {
      if (!later || this.peers.size === 1) return this.alone(step, batches);
      return { result: await this.withPeers(step, batches, later) };
    }
    if (this.begins) await outer.remember();
    this.begins = false;
    const own = await (await this.alone(step, batches)).result;
    if (this.meets(step)) {
      await outer.run();
      return { result: await this.together(own) };
    }
    Object.assign(this.wishes, { interrupted: false, time: false }); // the others do not know of them
    return { result: undefined };
  }

  private async alone(step: number, batches: readonly Batch[]): Promise<OwnStep> {
    const { later } = this;
    const results: (BatchResult | Promise<BatchResult>)[] = [];
    for (let i = 0; i < batches.length; i++) {
      // Each `await` counts where a step takes 10 µs.
      const running = this.backward.run(...this.argumentsFor(step, i, batches[i]!));
      if (running) await running;
      results.push(this.backward.read());
    }
    if (later) await later.update.run();
    const norm = later?.update.read();
    if (results.every(isHere) && (norm === undefined || isHere(norm)))
      return { result: this.report(results, norm) };
    return {
      result: Promise.all([Promise.all(results), norm]).then((values) => this.report(...values)),
    };
  }

  private async withPeers(step: number, batches: readonly Batch[], later: Later): Promise<StepResult> {
    let own = 0;
    for (let i = 0; i < batches.length; i++) {
      if (i === batches.length - 1) await later.gradients.open();
      await this.backward.run(...this.argumentsFor(step, i, batches[i]!));
      own += (await this.backward.read()).loss / this.batches;
    }
    const loss = await this.exchange(later.gradients, own);
    await later.update.run();
    await this.shards?.exchange(this.device);
    const { gradNorm } = await later.update.read();
    return { loss, gradNorm };
  }

  /** Runs a step like `run`, one instruction after another, and tells what each took. */
  async profile(
    step: number,
    learningRate: number,
    batches: readonly Batch[],
  ): Promise<readonly InstructionTime[]> {
    const [backward, update] = await this.programs(batches[0]!);
    const times: InstructionTime[] = [];
    const note = ({ program }: Executable, ms: readonly number[]): void => {
      program.instructions.forEach(({ op, flops }, i) => {
        times.push({ op, flops, ms: ms[i]! });
      });
    };
    this.prepare(step, learningRate);
    for (const [i, batch] of batches.entries())
      note(backward, await this.backward.profile(...this.argumentsFor(step, i, batch)));
    if (update && this.later) note(update, await this.later.update.profile());
    return times;
  }

  dispose(): void {
    this.backward.dispose();
    this.later?.update.dispose();
    this.outer?.dispose();
  }

  /** The mean of the batches' losses; the norm is the update's, or the only batch's. */
  private report(results: readonly BatchResult[], updated: UpdateResult | undefined): StepResult {
    let loss = 0;
    for (const result of results) loss += result.loss / this.batches;
    const { gradNorm, lossScale, rate } = updated ?? results[0]!;
    const result = { loss, gradNorm: gradNorm! };
    return lossScale === undefined ? result : { ...result, lossScale, skipped: rate === 0 };
  }

  private async programs(batch: Batch): Promise<[backward: Executable, update: Executable | undefined]> {
    return [await this.backward.load(...this.argumentsFor(1, 0, batch)), await this.later?.update.load()];
  }

  /** Lets all ranks know the gradients, and what each wishes; returns the mean of their losses. */
  private async exchange(gradients: Gradients, loss: number): Promise<number> {
    const { wishes } = this;
    const report = [loss / this.peers.size, Number(wishes.interrupted), Number(wishes.time)];
    const [mean, interrupted, time] = Array.from(await gradients.exchange(this.device, report));
    Object.assign(wishes, { interrupted: interrupted! > 0, time: time! > 0 });
    return mean!;
  }

  /** The means of what all ranks report; and what any of them wishes. */
  private async together({ loss, gradNorm }: StepResult): Promise<StepResult> {
    const { wishes } = this;
    const report = Float64Array.of(loss, gradNorm, Number(wishes.interrupted), Number(wishes.time));
    await this.peers.sum(report);
    const { size } = this.peers;
    Object.assign(wishes, { interrupted: report[2]! > 0, time: report[3]! > 0 });
    return { loss: report[0]! / size, gradNorm: report[1]! / size };
  }

  private prepare(step: number, learningRate: number): void {
    this.optimizer.steps = step - 1;
    this.optimizer.learningRate = learningRate;
    if (this.lossScale) this.lossScale.step = step;
  }

  private argumentsFor(step: number, index: number, [x, y]: Batch) {
    this.drawn = ((step - 1) * this.batches + index) * this.peers.size + this.peers.rank;
    return this.batches === 1 ? [x, y] : [x, y, index === 0 ? 0 : 1];
  }
}

function isHere<T extends object>(value: T | Promise<T>): value is T {
  return !(value instanceof Promise);
}

/** Evaluations, and what they save, come when all ranks have the same parameters. */
function checkRound({ syncEvery = 1, evalInterval, shardOptimizer }: TrainingConfig): void {
  if (syncEvery > 1 && shardOptimizer) {
    const message = 'ranks that train for themselves need the optimizer’s whole state each';
    const hint = 'Do without the shares, or exchange gradients at each step.';
    throw new NanobardError('config', message, { hint, options: ['shardOptimizer', 'syncEvery'] });
  }
  if (evalInterval % syncEvery === 0) return;
  const message = `evalInterval ${evalInterval} is no multiple of syncEvery ${syncEvery}`;
  throw new NanobardError('config', message, {
    hint: 'Evaluate after steps that ranks make together.',
    options: ['syncEvery', 'evalInterval'],
  });
}
