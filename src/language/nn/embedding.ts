import { embedding } from '../../engine/ops/embedding/embedding.ts';
import type { Generator } from '../../engine/tensor/generator.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { embeddingNormal } from './init.ts';
import { Module } from './module.ts';

/**
 * A row of the table for each index, i32 (…) → (…, dim). Starts as PyTorch's `nn.Embedding` does, or without a
 * generator as zeros, to be loaded.
 */
export class Embedding extends Module {
  /** (count, dim) */
  weight: Variable;

  constructor(count: number, dim: number, options: { generator?: Generator | undefined } = {}) {
    super();
    const { generator } = options;
    this.weight = new Variable(
      [count, dim],
      generator && { initial: embeddingNormal(generator, count, dim) },
    );
  }

  forward(indices: Tensor): Tensor {
    return embedding(this.weight, indices);
  }
}
