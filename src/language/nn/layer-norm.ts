import { layerNorm } from '../../engine/ops/layer-norm/layer-norm.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { Module } from './module.ts';

/** Normalises the last dimension to mean 0 and variance 1, then scales and shifts. */
export class LayerNorm extends Module {
  /** (dim) */
  readonly weight: Variable;
  /** (dim) */
  readonly bias: Variable | undefined;

  constructor(dim: number, options: { bias: boolean }) {
    super();
    this.weight = new Variable([dim], { initial: new Float32Array(dim).fill(1) });
    this.bias = options.bias ? new Variable([dim]) : undefined;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias);
  }
}
