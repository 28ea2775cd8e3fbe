import { linear } from '../../engine/ops/matmul/matmul.ts';
import type { Generator as RandomGenerator } from '../../engine/tensor/generator.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { kaimingUniformLinear, uniformLinearBias } from './init.ts';
import { Module } from './module.ts';

/** y = x · Wᵀ + b, (…, inFeatures) → (…, outFeatures), with a bias unless told otherwise. */
export class Linear extends Module {
  /** (outFeatures, inFeatures) */
  weight: Variable;
  /** (outFeatures) */
  readonly bias: Variable | undefined;

  constructor(inFeatures: number, outFeatures: number, { bias = true }: { bias?: boolean } = {}) {
    super();
    this.weight = new Variable([outFeatures, inFeatures]);
    this.bias = bias ? new Variable([outFeatures]) : undefined;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override *initialization(generator: RandomGenerator): Iterable<void> {
    const [outFeatures, inFeatures] = this.weight.shape as [number, number];
    this.weight.initial = kaimingUniformLinear(generator, outFeatures, inFeatures);
    yield;
    if (this.bias) this.bias.initial = uniformLinearBias(generator, outFeatures, inFeatures);
  }
}
