import type { Tensor, Variable } from '../tensor/index.ts';

/** What is updated from gradients: those of `tables` are of the rows that were looked up, see `rowGradients`. */
export interface Updated {
  readonly parameters: readonly Variable[];
  readonly tables: readonly Variable[];
}

/** With what an update takes place. */
export interface Unscaled {
  /** Gradients of the loss itself; zeros if one of those given is not finite. */
  readonly gradients: readonly Tensor[];
  /** 1, or then 0: multiplies the learning rate. */
  readonly rate: Tensor;
  /** The scale from the next step on. */
  readonly lossScale: Tensor;
}

/** What a loss is multiplied by before its gradients are taken, where small ones would be lost. */
export interface LossScale {
  /** The scale of the next step, and that of the first one. */
  readonly variable: Variable;
  readonly first: number;
  /** Number of the step under way, counted from 1. */
  step: number;
  /** Inside a program: the loss to take gradients of. */
  scaled(loss: Tensor): Tensor;
  /** Inside the program of an update: what to update with, from gradients of `scaled` in the parameters' order. */
  unscaled(updated: Updated, gradients: readonly Tensor[]): Unscaled;
}
