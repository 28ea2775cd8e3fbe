import { dropout } from '../../engine/ops/dropout/dropout.ts';
import { Input, type Tensor } from '../../engine/tensor/tensor.ts';
import { Module } from './module.ts';

/**
 * What all dropout masks of a run are drawn from: (seed low, seed high, number of the run). Compiled functions count
 * their runs; a Trainer fills in its own seed.
 */
export const dropoutKey = new Input('dropoutKey', [3], 'i32', (run) => [0, 0, run]);

/** In training, sets elements to zero with probability `p` and scales the others by 1/(1 − p). */
export class Dropout extends Module {
  readonly p: number;

  constructor(p: number) {
    super();
    this.p = p;
  }

  forward(x: Tensor): Tensor {
    return this.training ? dropout(x, this.p, dropoutKey) : x;
  }
}
