import { embedding } from '../../engine/ops/lookup/lookup.ts';
import type { Generator as RandomGenerator } from '../../engine/tensor/generator.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { embeddingNormal } from './init.ts';
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

  override *initialization(generator: RandomGenerator): Iterable<void> {
    const [count, dim] = this.weight.shape as [number, number];
    this.weight.initial = embeddingNormal(generator, count, dim);
    yield;
  }
}
