import { linear } from '../../engine/ops/linear/linear.ts';
import type { Generator } from '../../engine/tensor/generator.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { kaimingUniformLinear, uniformLinearBias } from './init.ts';
import { Module } from './module.ts';

/**
 * y = x · Wᵀ + b, (…, inFeatures) → (…, outFeatures), with a bias unless told otherwise. Starts as PyTorch's
 * `nn.Linear` does, or without a generator as zeros, to be loaded.
 */
export class Linear extends Module {
  /** (outFeatures, inFeatures) */
  weight: Variable;
  /** (outFeatures) */
  readonly bias: Variable | undefined;

  constructor(
    inFeatures: number,
    outFeatures: number,
    options: { bias?: boolean; generator?: Generator | undefined } = {},
  ) {
    super();
    const { bias = true, generator } = options;
    this.weight = new Variable(
      [outFeatures, inFeatures],
      generator && { initial: kaimingUniformLinear(generator, outFeatures, inFeatures) },
    );
    this.bias = bias
      ? new Variable(
          [outFeatures],
          generator && { initial: uniformLinearBias(generator, outFeatures, inFeatures) },
        )
      : undefined;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
