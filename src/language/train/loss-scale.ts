import { Input } from '../../engine/tensor/tensor.ts';

/** Gradients of activations are mostly far below 1; the largest numbers of f16 are 65504. */
const FIRST = 2 ** 16;

/**
 * What the loss is multiplied by before its gradients are taken, and these are divided by once they are f32, so that small
 * ones are not lost in activations stored as f16: a power of two, which changes no digit. Where gradients come out as not
 * finite, it is halved.
 * Micikevicius et al., "Mixed Precision Training", 2018, §3.2.
 */
export class LossScale {
  value = FIRST;
  /** The scale and its inverse, for programs. */
  readonly factor = new Input('lossScale', [], 'f32', () => [this.value]);
  readonly inverse = new Input('inverseLossScale', [], 'f32', () => [1 / this.value]);

  /** Whether there is a smaller one: gradients that are not finite at 1 are so by themselves. */
  halve(): boolean {
    if (this.value === 1) return false;
    this.value /= 2;
    return true;
  }

  /** The scale that a checkpoint knows; of a training in f32 it knows none. */
  restore(value = FIRST): void {
    this.value = value;
  }
}
