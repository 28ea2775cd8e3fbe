import type { Generator as RandomGenerator } from '../../engine/tensor/index.ts';
import { Embedding } from './embedding.ts';
import { Linear } from './linear.ts';
import type { Module } from './module.ts';

/** Draws the weights of all linear layers and embeddings from N(0, 0.02), in order of definition; biases become 0: GPT-2's. */
export function* normalWeights(model: Module, generator: RandomGenerator): Iterable<void> {
  for (const [, module] of model.namedModules()) {
    if (!(module instanceof Linear || module instanceof Embedding)) continue;
    module.weight.initial = generator.normal(module.weight.size, 0, 0.02);
    if (module instanceof Linear && module.bias) module.bias.initial = undefined;
    yield;
  }
}
