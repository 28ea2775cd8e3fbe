import { embedding } from '../../engine/ops/lookup/lookup.ts';
import { type Generator as RandomGenerator, type Tensor, Variable } from '../../engine/tensor/index.ts';
import { Module } from './module.ts';

/** A row of the table for each index, i32 (…) → (…, dim). */
export class Embedding extends Module {
  /** (count, dim) */
  weight: Variable;

  constructor(count: number, dim: number) {
    super();
    this.weight = new Variable([count, dim]);
  }

  forward(indices: Tensor): Tensor {
    return embedding(this.weight, indices);
  }

  /** As PyTorch's `nn.Embedding` starts: standard normal. */
  override *initialization(generator: RandomGenerator): Iterable<void> {
    this.weight.initial = generator.randn(this.weight.size);
    yield;
  }
}
