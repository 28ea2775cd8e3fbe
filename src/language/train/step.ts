import type { Device, Executable } from '../../engine/devices/device.ts';
import { add, mul } from '../../engine/ops/arithmetic/arithmetic.ts';
import { grad } from '../../engine/ops/grad.ts';
import { compile } from '../../engine/program/compile.ts';
import { Input, type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { dropoutKey } from '../nn/dropout.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { createOptimizer } from './optimizer.ts';

/** What one update reports. */
export interface StepResult {
  readonly loss: number;
  readonly gradNorm: number;
}

/** What one instruction of an update took. */
export interface InstructionTime {
  readonly op: string;
  readonly ms: number;
  readonly flops: number;
}

/** Fills the token inputs x and y, (B, T) each, with the next batch. */
export type FillBatch = (x: Int32Array, y: Int32Array) => void;

/**
 * One update: forward, backward, clipping and the optimizer, traced once. Without gradient accumulation that is a
 * single program; with it, one program adds each batch's gradient to a sum and another updates from it.
 */
export class TrainingStep {
  /** Parameters and optimizer state by name: what a checkpoint must hold. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Floating-point operations of one update. */
  readonly flops: number;
  private readonly gradients: Executable;
  private readonly update: Executable;
  private readonly accumulation: number;
  private readonly seed: number;

  private constructor(
    programs: { gradients: Executable; update: Executable },
    variables: ReadonlyMap<string, Variable>,
    recipe: Recipe,
  ) {
    this.gradients = programs.gradients;
    this.update = programs.update;
    this.variables = variables;
    this.accumulation = recipe.gradientAccumulationSteps;
    this.seed = recipe.seed;
    const { gradients, update } = programs;
    this.flops =
      gradients.program.flops * this.accumulation + (update === gradients ? 0 : update.program.flops);
  }

  static async create(model: LanguageModel, device: Device, recipe: Recipe): Promise<TrainingStep> {
    const parameters = model.train().namedParameters();
    const names = [...parameters.keys()];
    const shape = [recipe.batchSize, model.blockSize];
    const loss = model.loss(new Input('x', shape, 'i32'), new Input('y', shape, 'i32'));
    const gradients = grad(loss, [...parameters.values()]);
    const optimizer = createOptimizer(parameters, recipe);
    const variables = new Map([...parameters, ...optimizer.state]);
    const updates = (from: readonly Tensor[]) =>
      optimizer.update(new Map(names.map((name, i) => [name, from[i]!])));
    if (recipe.gradientAccumulationSteps === 1) {
      const { gradNorm, assign } = updates(gradients);
      const both = await device.load(compile({ outputs: { loss, gradNorm }, assign }));
      return new TrainingStep({ gradients: both, update: both }, variables, recipe);
    }
    const share = 1 / recipe.gradientAccumulationSteps;
    const sums = names.map((name, i) => new Variable(gradients[i]!.shape, { name: `gradient.${name}` }));
    const keep = new Input('keep', []); // 0 for the first batch of an update, then 1
    const accumulate = compile({
      outputs: { loss },
      assign: sums.map((sum, i) => [sum, add(mul(sum, keep), mul(gradients[i]!, share))]),
    });
    const { gradNorm, assign } = updates(sums);
    const programs = {
      gradients: await device.load(accumulate),
      update: await device.load(compile({ outputs: { gradNorm }, assign })),
    };
    return new TrainingStep(programs, variables, recipe);
  }

  /** Runs update number `step`, counted from 1. */
  async run(step: number, learningRate: number, fill: FillBatch): Promise<StepResult> {
    const { gradients, update } = this;
    this.prepare(step, learningRate);
    let loss = 0;
    for (let i = 0; i < this.accumulation; i++) {
      this.prepareBatch(step, i, fill);
      await gradients.run();
      loss += (await gradients.read('loss'))[0]! / this.accumulation;
    }
    if (update !== gradients) await update.run();
    return { loss, gradNorm: (await update.read('gradNorm'))[0]! };
  }

  /** Runs an update like `run`, one instruction after another, and tells what each took. */
  async profile(step: number, learningRate: number, fill: FillBatch): Promise<readonly InstructionTime[]> {
    const times: InstructionTime[] = [];
    const note = (executable: Executable, ms: readonly number[]): void => {
      executable.program.instructions.forEach(({ op, flops }, i) => {
        times.push({ op, flops, ms: ms[i]! });
      });
    };
    this.prepare(step, learningRate);
    for (let i = 0; i < this.accumulation; i++) {
      this.prepareBatch(step, i, fill);
      note(this.gradients, await this.gradients.profile());
    }
    if (this.update !== this.gradients) note(this.update, await this.update.profile());
    return times;
  }

  private prepare(step: number, learningRate: number): void {
    this.update.input('learningRate')[0] = learningRate;
    this.update.input('step')[0] = step;
  }

  private prepareBatch(step: number, index: number, fill: FillBatch): void {
    const { gradients } = this;
    fill(gradients.input('x') as Int32Array, gradients.input('y') as Int32Array);
    if (this.accumulation > 1) gradients.input('keep')[0] = index === 0 ? 0 : 1;
    this.setDropoutKey((step - 1) * this.accumulation + index);
  }

  private setDropoutKey(draw: number): void {
    if (!this.gradients.program.inputs.some(({ name }) => name === dropoutKey.name)) return;
    const key = this.gradients.input(dropoutKey.name);
    key[0] = this.seed | 0;
    key[1] = Math.floor(this.seed / 2 ** 32) | 0;
    key[2] = draw;
  }
}
