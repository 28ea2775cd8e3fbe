import { q8Variable } from '../../engine/ops/matmul/q8.ts';
import type { Variable } from '../../engine/tensor/index.ts';
import { Embedding } from './embedding.ts';
import { Linear } from './linear.ts';
import type { Module } from './module.ts';

/**
 * Makes the matrices of a model's linear layers q8, for a model that is used and not trained, before its weights are
 * loaded. A table that such a layer shares stays shared.
 */
export function quantizeLinear(model: Module): void {
  const modules = [...model.namedModules()].map(([, module]) => module);
  const quantized = new Map<Variable, Variable>();
  for (const module of modules) {
    if (module instanceof Linear) quantized.set(module.weight, q8Variable(module.weight.shape));
  }
  for (const module of modules) {
    if (module instanceof Linear || module instanceof Embedding)
      module.weight = quantized.get(module.weight) ?? module.weight;
  }
}
