import { NanobardError } from '../../engine/errors.ts';
import { adamW } from '../../engine/ops/adamw/adamw.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';

export interface AdamWOptions {
  /** Decay rates of the running means of gradients and of their squares; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number];
  /** Keeps the divisor from 0; 1e-8 by default. */
  readonly epsilon?: number;
  /** Share of a matrix, times the learning rate, that each update takes away; 0.01 by default. */
  readonly weightDecay?: number;
}

/** What changes from one update to the next: scalars. */
export interface UpdateOperands {
  readonly learningRate: Tensor;
  /** Number of the update, i32, counted from 1. */
  readonly step: Tensor;
  /** Multiplies all gradients, to clip them: see `clipScale`. */
  readonly gradientScale: Tensor;
}

/**
 * Adam with decoupled weight decay. Matrices and embeddings (rank 2 and above) decay, vectors (biases and
 * normalisation weights) do not. Defaults are PyTorch's.
 * Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019.
 */
export class AdamW {
  /** The running means of each parameter, `adamw.m.<name>` and `adamw.v.<name>`, zero at first. */
  readonly state: ReadonlyMap<string, Variable>;
  private readonly parameters: ReadonlyMap<string, Variable>;
  private readonly options: Required<AdamWOptions>;

  constructor(parameters: ReadonlyMap<string, Variable>, options: AdamWOptions = {}) {
    this.parameters = parameters;
    this.options = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, ...options };
    const state = [...parameters].flatMap(([parameter, { shape }]) =>
      [`adamw.m.${parameter}`, `adamw.v.${parameter}`].map(
        (name) => [name, new Variable(shape, { name })] as const,
      ),
    );
    this.state = new Map(state);
  }

  /**
   * One update of all parameters and their state, for `compile` to assign.
   *
   * @throws {NanobardError} code `argument` if a parameter has no gradient.
   */
  update(gradients: ReadonlyMap<string, Tensor>, operands: UpdateOperands): Assignment[] {
    const { betas, epsilon, weightDecay } = this.options;
    return [...this.parameters].flatMap(([name, parameter]): Assignment[] => {
      const gradient = gradients.get(name);
      if (!gradient)
        throw new NanobardError('argument', `AdamW: the parameter ${name} was given no gradient`);
      const m = this.state.get(`adamw.m.${name}`)!;
      const v = this.state.get(`adamw.v.${name}`)!;
      const updated = adamW(
        { parameter, gradient, m, v, ...operands },
        { beta1: betas[0], beta2: betas[1], epsilon, weightDecay: parameter.rank >= 2 ? weightDecay : 0 },
      );
      return [
        [parameter, updated.parameter],
        [m, updated.m],
        [v, updated.v],
      ];
    });
  }
}
