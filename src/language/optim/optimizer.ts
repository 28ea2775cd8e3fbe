import { NanobardError } from '../../engine/errors.ts';
import { scalar } from '../../engine/ops/constant/constant.ts';
import { mul } from '../../engine/ops/elementwise/elementwise.ts';
import { clipScale, globalNorm } from '../../engine/ops/global-norm/global-norm.ts';
import { grad } from '../../engine/ops/grad.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import { assign } from '../../engine/program/trace.ts';
import { formatShape, type Shape } from '../../engine/tensor/shape.ts';
import { Input, type Scalar, type Tensor, Variable } from '../../engine/tensor/tensor.ts';

/** Gradients by parameter. */
export type Gradients = ReadonlyMap<Variable, Tensor>;

/** What changes from one update to the next: scalars. */
export interface UpdateOperands {
  readonly learningRate: Tensor;
  /** Number of the update, i32, counted from 1. */
  readonly step: Tensor;
  /** Multiplies all gradients, to clip them: see `clipScale`. */
  readonly gradientScale: Tensor;
}

export interface OptimizerOptions {
  /** The learning rate to begin with; 1e-3 by default. */
  readonly learningRate?: number;
  /** Longest gradient, all parameters seen as one vector; longer ones are scaled down. No limit by default. */
  readonly maxNorm?: number | undefined;
}

/** What all optimizers share: when and with which numbers parameters are updated. How is a subclass's matter. */
export abstract class Optimizer {
  readonly parameters: readonly Variable[];
  /** Read at each run of a compiled function: set it anew whenever it should change. */
  learningRate: number;
  /** Updates made so far. */
  steps = 0;
  private readonly remembered = new Map<string, Variable>();
  /** What the optimizer remembers of each parameter, by name, for checkpoints; zero at first. */
  readonly state: ReadonlyMap<string, Variable> = this.remembered;
  private readonly maxNorm: number | undefined;
  private readonly operands = {
    learningRate: new Input('learningRate', [], 'f32', () => [this.learningRate]),
    step: new Input('step', [], 'i32', () => [++this.steps]),
  };

  constructor(parameters: Iterable<Variable>, { learningRate = 1e-3, maxNorm }: OptimizerOptions = {}) {
    this.parameters = [...parameters];
    this.learningRate = learningRate;
    this.maxNorm = maxNorm;
  }

  /** One update of all parameters and their state, for a program to assign. */
  abstract assignments(gradients: Gradients, operands: UpdateOperands): Assignment[];

  /** Parameters of whose gradients only the rows that were looked up are read: see `rowGradients`. None by default. */
  get tables(): readonly Variable[] {
    return [];
  }

  /** The gradients that count for the norm; all by default. */
  protected counted(gradients: Gradients): Tensor[] {
    return [...gradients.values()];
  }

  /**
   * Updates all parameters so that `loss` falls, once at each run of the function that a device compiles with this
   * call in it, and returns `loss`, as it was before.
   *
   * @throws {NanobardError} code `shape` if the loss is not a scalar, `argument` if it does not depend on one of the
   *   parameters.
   */
  minimize<L extends Tensor>(loss: L): L {
    this.update(grad(loss, this.parameters));
    return loss;
  }

  /**
   * The same from gradients that are known, in the parameters' order; returns their norm before clipping. `rate`, a scalar,
   * multiplies the learning rate; 1 by default.
   */
  update(gradients: readonly Tensor[], rate?: Tensor): Scalar {
    const byParameter = new Map(this.parameters.map((parameter, i) => [parameter, gradients[i]!]));
    const norm = globalNorm(this.counted(byParameter));
    const gradientScale = this.maxNorm === undefined ? scalar(1) : clipScale(norm, this.maxNorm);
    const { learningRate, step } = this.operands;
    const scaledRate = rate ? mul(learningRate, rate) : learningRate;
    const operands = { learningRate: scaledRate, step, gradientScale };
    for (const [variable, value] of this.assignments(byParameter, operands)) assign(variable, value);
    return norm;
  }

  /**
   * Adds to the state, for each parameter, a variable named `<prefix>.<name>`.
   *
   * @throws {NanobardError} code `argument` if two parameters have one name.
   */
  protected remember(
    prefix: string,
    shapeOf = ({ shape }: Variable): Shape => shape,
  ): Map<Variable, Variable> {
    const slots = new Map<Variable, Variable>();
    for (const parameter of this.parameters) {
      const slot = new Variable(shapeOf(parameter), { name: `${prefix}.${parameter.name}` });
      if (this.remembered.has(slot.name)) {
        throw new NanobardError('argument', 'an optimizer was given two parameters of the same name', {
          hint: 'Take them from one model with parameters(), or name the variables.',
        });
      }
      slots.set(parameter, slot);
      this.remembered.set(slot.name, slot);
    }
    return slots;
  }

  /** @throws {NanobardError} code `argument` if a parameter has no gradient. */
  protected gradientOf(parameter: Variable, gradients: Gradients, optimizer: string): Tensor {
    const gradient = gradients.get(parameter);
    if (gradient) return gradient;
    const message = `${optimizer}: the parameter ${parameter.name} was given no gradient`;
    throw new NanobardError('argument', message);
  }

  /** @throws {NanobardError} code `argument` if one of the parameters is not a matrix: a `noun` to the optimizer. */
  protected requireMatrices(optimizer: string, noun: string): void {
    const other = this.parameters.find(({ rank }) => rank !== 2);
    if (!other) return;
    const message = `${optimizer}: the parameter ${other.name} ${formatShape(other.shape)} is not a ${noun}`;
    throw new NanobardError('argument', message, { hint: 'Give it to AdamW.' });
  }
}
