import { scalar } from '../../ops/constant/constant.ts';
import { add, div, mul, sub } from '../../ops/elementwise/elementwise.ts';
import { globalNorm, unscale } from '../../ops/global-norm/global-norm.ts';
import { rowGradients, tableGradient } from '../../ops/lookup/lookup.ts';
import { assign } from '../../program/trace.ts';
import { Input, type Tensor, Variable } from '../../tensor/index.ts';
import type { LossScale, Unscaled, Updated } from '../loss-scale.ts';

/** Gradients of activations are mostly far below 1; the largest numbers of f16 are 65504. */
export const FIRST_SCALE = 2 ** 16;

/** Steps after which the scale is tried twice as large. */
const GROWTH_INTERVAL = 2000;

/**
 * What the loss is multiplied by before its gradients are taken, so that small ones are not lost in activations stored as
 * f16: a power of two, which changes no digit. It lies on the device, which finds by itself whether gradients have come out
 * as not finite: then their step is skipped, and the scale halved. Every 2,000 steps it is doubled.
 * Micikevicius et al., "Mixed Precision Training", 2018, §3.2; that it changes by itself is from their implementation.
 *
 * A skipped step is one with gradients and a learning rate of 0: parameters stay, what the optimizer remembers fades.
 */
export class DynamicLossScale implements LossScale {
  readonly variable = new Variable([], { name: 'lossScale', initial: Float32Array.of(FIRST_SCALE) });
  readonly first = FIRST_SCALE;
  step = 1;
  private readonly growth = new Input('lossScaleGrowth', [], 'f32', () => [
    this.step % GROWTH_INTERVAL === 0 ? 2 : 1,
  ]);

  scaled(loss: Tensor): Tensor {
    return mul(loss, this.variable);
  }

  unscaled({ parameters, tables }: Updated, gradients: readonly Tensor[]): Unscaled {
    const rows = gradients.map((gradient, i) =>
      tables.includes(parameters[i]!) ? rowGradients(gradient) : undefined,
    );
    const scaled = gradients.map((gradient, i) => rows[i]?.gradient ?? gradient);
    const norm = globalNorm(scaled);
    const exact = unscale(scaled, div(1, this.variable), norm);
    const rate = unscale([scalar(1)], scalar(1), norm)[0]!;
    const lossScale = mul(this.variable, add(0.5, mul(rate, sub(this.growth, 0.5))));
    assign(this.variable, lossScale);
    return {
      gradients: exact.map((gradient, i) => {
        const { indices } = rows[i] ?? {};
        return indices ? tableGradient(gradient, indices, parameters[i]!.shape[0]!) : gradient;
      }),
      rate,
      lossScale,
    };
  }
}
