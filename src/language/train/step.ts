import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device, Executable } from '../../engine/devices/device.ts';
import { add, mul } from '../../engine/ops/elementwise/elementwise.ts';
import { grad } from '../../engine/ops/grad.ts';
import { assign } from '../../engine/program/trace.ts';
import { type Scalar, Variable } from '../../engine/tensor/tensor.ts';
import { type Batch, newBatch } from '../data/dataset.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { dropoutKey } from '../nn/dropout.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { TrainingConfig } from './config.ts';
import { createOptimizer } from './optimizer.ts';

/** What one step reports. */
export interface StepResult {
  /** Mean cross entropy of the step's batches, before the update. */
  readonly loss: number;
  /** Global norm of the gradient, before clipping. */
  readonly gradNorm: number;
}

/** A step that has been started. */
export interface StartedStep {
  /** What it reports: a promise where the device is still at it. */
  readonly result: StepResult | Promise<StepResult>;
}

/** What one instruction of a step took. */
export interface InstructionTime {
  readonly op: string;
  readonly ms: number;
  readonly flops: number;
}

/** What a batch's program reports; the norm where it is that of the only batch. */
type BatchResult = Pick<StepResult, 'loss'> & Partial<StepResult>;
type Norm = Pick<StepResult, 'gradNorm'>;
type Gradients = CompiledFunction<{ readonly loss: Scalar }>;
type Update = CompiledFunction<{ readonly gradNorm: Scalar }>;

/**
 * One step: forward, backward, clipping and the optimizer, traced once. Without gradient accumulation that is a
 * single program; with it, one program adds each batch's gradient to a sum and another updates from it.
 */
export class TrainingStep {
  /** Parameters and optimizer state by name: what a checkpoint must hold. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** What the step alone needs: optimizer state and sums of gradients. */
  readonly state: readonly Variable[];
  /** Batches of one step. */
  readonly batches: number;
  /** Floating-point operations of one step. */
  flops = 0;
  private readonly optimizer: Optimizer;
  private readonly gradients: Gradients;
  /** Undefined where the gradients' program updates, too. */
  private readonly update: Update | undefined;
  /** Number of batches before the one that runs. */
  private drawn = 0;

  private constructor(model: LanguageModel, device: Device, config: TrainingConfig) {
    const parameters = model.train().parameters();
    const optimizer = createOptimizer(model, config);
    this.optimizer = optimizer;
    const { seed } = config;
    this.batches = config.gradientAccumulationSteps;
    this.variables = new Map([...model.namedParameters(), ...optimizer.state]);
    const sums =
      this.batches === 1
        ? []
        : parameters.map(({ shape, name }) => new Variable(shape, { name: `gradient.${name}` }));
    this.state = [...optimizer.state.values(), ...sums];
    const sources = {
      [dropoutKey.name]: () => [seed | 0, Math.floor(seed / 2 ** 32) | 0, this.drawn],
    };
    if (this.batches === 1) {
      this.gradients = device.compile((x, y) => {
        const loss = model.loss(x, y);
        return { loss, gradNorm: optimizer.update(grad(loss, parameters)) };
      }, sources);
      return;
    }
    const share = 1 / this.batches;
    // `keep` is 0 for the first batch of a step, then 1.
    this.gradients = device.compile((x, y, keep) => {
      const loss = model.loss(x, y);
      for (const [i, gradient] of grad(loss, parameters).entries())
        assign(sums[i]!, add(mul(sums[i]!, keep), mul(gradient, share)));
      return { loss };
    }, sources);
    this.update = device.compile(() => ({ gradNorm: optimizer.update(sums) }));
  }

  /** @throws {NanobardError} code `memory` if the programs do not fit. */
  static async create(model: LanguageModel, device: Device, config: TrainingConfig): Promise<TrainingStep> {
    const step = new TrainingStep(model, device, config);
    const batch = newBatch(config.batchSize, model.blockSize);
    const [gradients, update] = await step.programs(batch);
    step.flops = gradients.program.flops * step.batches + (update?.program.flops ?? 0);
    return step;
  }

  /** Runs step number `step`, counted from 1, on as many batches as it takes, and waits for what it reports. */
  async run(step: number, learningRate: number, batches: readonly Batch[]): Promise<StepResult> {
    return (await this.start(step, learningRate, batches)).result;
  }

  /**
   * Runs a step like `run`, without waiting where the device computes on its own: then what it reports is a promise, and
   * the next step may be started before.
   */
  async start(step: number, learningRate: number, batches: readonly Batch[]): Promise<StartedStep> {
    this.prepare(step, learningRate);
    const results: (BatchResult | Promise<BatchResult>)[] = [];
    for (let i = 0; i < batches.length; i++) {
      // Each `await` counts where a step takes 10 µs.
      const running = this.gradients.run(...this.argumentsFor(step, i, batches[i]!));
      if (running) await running;
      results.push(this.gradients.read());
    }
    if (this.update) await this.update.run();
    const norm = this.update?.read();
    if (results.every(isHere) && (norm === undefined || isHere(norm)))
      return { result: this.report(results, norm) };
    return {
      result: Promise.all([Promise.all(results), norm]).then((values) => this.report(...values)),
    };
  }

  /** Runs a step like `run`, one instruction after another, and tells what each took. */
  async profile(
    step: number,
    learningRate: number,
    batches: readonly Batch[],
  ): Promise<readonly InstructionTime[]> {
    const [gradients, update] = await this.programs(batches[0]!);
    const times: InstructionTime[] = [];
    const note = ({ program }: Executable, ms: readonly number[]): void => {
      program.instructions.forEach(({ op, flops }, i) => {
        times.push({ op, flops, ms: ms[i]! });
      });
    };
    this.prepare(step, learningRate);
    for (const [i, batch] of batches.entries())
      note(gradients, await this.gradients.profile(...this.argumentsFor(step, i, batch)));
    if (this.update) note(update!, await this.update.profile());
    return times;
  }

  dispose(): void {
    this.gradients.dispose();
    this.update?.dispose();
  }

  /** The mean of the batches' losses; the norm is the update's, or the only batch's. */
  private report(results: readonly BatchResult[], updated: Norm | undefined): StepResult {
    let loss = 0;
    for (const result of results) loss += result.loss / this.batches;
    return { loss, gradNorm: (updated ?? results[0]!).gradNorm! };
  }

  private async programs(batch: Batch): Promise<[gradients: Executable, update: Executable | undefined]> {
    return [await this.gradients.load(...this.argumentsFor(1, 0, batch)), await this.update?.load()];
  }

  private prepare(step: number, learningRate: number): void {
    this.optimizer.steps = step - 1;
    this.optimizer.learningRate = learningRate;
  }

  private argumentsFor(step: number, index: number, [x, y]: Batch) {
    this.drawn = (step - 1) * this.batches + index;
    return this.batches === 1 ? [x, y] : [x, y, index === 0 ? 0 : 1];
  }
}

function isHere<T extends object>(value: T | Promise<T>): value is T {
  return !(value instanceof Promise);
}
