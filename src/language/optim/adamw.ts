import { adamW } from '../../engine/ops/adamw/adamw.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import type { Variable } from '../../engine/tensor/tensor.ts';
import { type Gradients, Optimizer, type OptimizerOptions, type UpdateOperands } from './optimizer.ts';

export interface AdamWOptions extends OptimizerOptions {
  /** Decay rates of the running means of gradients and of their squares; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number];
  /** Keeps the divisor from 0; 1e-8 by default. */
  readonly epsilon?: number;
  /** Share of a parameter, times the learning rate, that each update takes away; 0.01 by default. */
  readonly weightDecay?: number;
  /** Which parameters decay; all by default, as in PyTorch. nanoGPT's rule is `({ rank }) => rank >= 2`. */
  readonly decays?: (parameter: Variable) => boolean;
}

/**
 * Adam with decoupled weight decay. Defaults are PyTorch's. Its state is `adamw.m.<name>` and `adamw.v.<name>`.
 * Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019.
 */
export class AdamW extends Optimizer {
  /** The running means of each parameter's gradients and of their squares. */
  private readonly m = this.remember('adamw.m');
  private readonly v = this.remember('adamw.v');
  private readonly options: Required<Pick<AdamWOptions, 'betas' | 'epsilon' | 'weightDecay' | 'decays'>>;

  constructor(parameters: Iterable<Variable>, options: AdamWOptions = {}) {
    super(parameters, options);
    const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01, decays = () => true } = options;
    this.options = { betas, epsilon, weightDecay, decays };
  }

  override assignments(gradients: Gradients, operands: UpdateOperands): Assignment[] {
    const { betas, epsilon, weightDecay, decays } = this.options;
    return this.parameters.flatMap((parameter): Assignment[] => {
      const gradient = this.gradientOf(parameter, gradients, 'AdamW');
      const m = this.m.get(parameter)!;
      const v = this.v.get(parameter)!;
      const updated = adamW(
        { parameter, gradient, m, v, ...operands },
        { beta1: betas[0], beta2: betas[1], epsilon, weightDecay: decays(parameter) ? weightDecay : 0 },
      );
      return [
        [parameter, updated.parameter],
        [m, updated.m],
        [v, updated.v],
      ];
    });
  }
}
