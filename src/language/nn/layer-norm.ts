import { layerNorm } from '../../engine/ops/norm/norm.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { Module } from './module.ts';

/** Normalises the last dimension to mean 0 and variance 1, then scales and, with a bias, shifts it. */
export class LayerNorm extends Module {
  /** (dim) */
  readonly weight: Variable;
  /** (dim) */
  readonly bias: Variable | undefined;

  constructor(dim: number, { bias = true }: { bias?: boolean } = {}) {
    super();
    this.weight = new Variable([dim], { initial: new Float32Array(dim).fill(1) });
    this.bias = bias ? new Variable([dim]) : undefined;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias);
  }
}
