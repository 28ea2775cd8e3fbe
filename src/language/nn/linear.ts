import { linear } from '../../engine/ops/matmul/matmul.ts';
import { type Generator as RandomGenerator, type Tensor, Variable } from '../../engine/tensor/index.ts';
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

  /**
   * As PyTorch's `nn.Linear` starts: weight and then bias uniform within ±1/√inFeatures. PyTorch writes the weight's
   * bound as Kaiming's (He et al., "Delving deep into rectifiers", 2015) for a leaky ReLU of slope √5, and rounds it
   * accordingly.
   */
  override *initialization(generator: RandomGenerator): Iterable<void> {
    const [outFeatures, inFeatures] = this.weight.shape as [number, number];
    const slope = Math.sqrt(5);
    const gain = Math.sqrt(2 / (1 + slope * slope));
    const bound = Math.sqrt(3) * (gain / Math.sqrt(inFeatures));
    this.weight.initial = generator.uniform(this.weight.size, -bound, bound);
    yield;
    const biasBound = 1 / Math.sqrt(inFeatures);
    if (this.bias) this.bias.initial = generator.uniform(outFeatures, -biasBound, biasBound);
  }
}
