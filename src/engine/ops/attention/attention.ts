import { Constant } from '../../tensor/constant.ts';
import { apply, type Operation } from '../../tensor/operation.ts';
import { extents, formatShape, hasRank, sameShape, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireFloat, requireNumbers, requirePosition } from '../shared/operands.ts';
import { newSite, requireKey } from '../shared/philox.ts';

export interface AttentionOptions {
  /**
   * Position of the first query among the keys, an i32 scalar or (B), one for each sequence: 0 unless keys come from a
   * cache.
   */
  readonly position?: Tensor;
  /** Factor of the scores; 1/√D by default. */
  readonly scale?: number;
  /** Drops attention weights with probability `p`; `key` as in `dropout`. */
  readonly dropout?: { readonly p: number; readonly key: Tensor };
}

export type AttentionAttributes = { readonly scale: number; readonly p: number; readonly site: number };

/**
 * Causal scaled dot-product attention, softmax(q · kᵀ · scale) · v, where query i sees the keys up to
 * position + i. The T × S matrix of weights is never stored: the backward pass recomputes it from the
 * log-sum-exp of each row. Vaswani et al., "Attention Is All You Need", 2017, §3.2.1; Dao et al.,
 * "FlashAttention", 2022, §3.
 *
 * @param q (B, T, H, D) queries of H heads
 * @param k (B, S, H, D) keys
 * @param v (B, S, H, D) values
 * @returns (B, T, H, D)
 * @throws {NanobardError} code `shape` if the operands do not fit, `argument` if a dtype or an option is wrong.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  requireFloat('attention', q, k, v);
  if (!options.position && k.rank > 1 && k.shape[1]! < q.shape[1]!) {
    const problem = `${q.shape[1]} queries need as many keys, not ${formatShape(k.shape)}`;
    throw shapeError('attention', problem, q.shape, k.shape);
  }
  const { position = new Constant(Int32Array.of(0), []), scale = 1 / Math.sqrt(q.shape.at(-1) ?? 1) } =
    options;
  const p = options.dropout ? options.dropout.p : 0;
  const key = options.dropout && p !== 0 ? options.dropout.key : new Constant(new Int32Array(3));
  return apply(attentionOperation, [q, k, v, position, key], { scale, p, site: newSite() })[0];
}

/** lse (B, H, T) is the log-sum-exp of each row of scores. */
export const attentionOperation: Operation<
  [q: Tensor, k: Tensor, v: Tensor, position: Tensor, key: Tensor],
  [y: Tensor, lse: Tensor],
  AttentionAttributes
> = {
  name: 'attention',
  site: 'site',
  shape([q, k, v, position, key], { scale, p }) {
    const [B, , H, D] = q.shape;
    const keys = [B, k.shape[1], H, D];
    if (!hasRank(q.shape, 4) || k.shape.join() !== keys.join() || !sameShape(k.shape, v.shape)) {
      const problem = 'queries must be (B, T, H, D), keys and values (B, S, H, D)';
      throw shapeError('attention', problem, q.shape, k.shape, v.shape);
    }
    requirePosition('attention', 'position', position, B);
    requireKey('attention', key);
    requireNumbers('attention', 'above 0', { scale });
    requireNumbers('attention', 'from 0 to below 1', { p });
    return [q, { shape: [q.shape[0], q.shape[2], q.shape[1]], dtype: 'f32' }];
  },
  flops: ({ inputs: [q, k] }) => 2 * 2 * causalPairs(q, k),
  gradient({ inputs, outputs, attributes }, [dy]) {
    return dy ? apply(attentionGradientOperation, [...inputs, ...outputs, dy], attributes) : [];
  },
};

export const attentionGradientOperation: Operation<
  [q: Tensor, k: Tensor, v: Tensor, position: Tensor, key: Tensor, y: Tensor, lse: Tensor, dy: Tensor],
  [dq: Tensor, dk: Tensor, dv: Tensor],
  AttentionAttributes
> = {
  name: 'attention-gradient',
  site: 'site',
  shape: ([q, k, v]) => [q, k, v],
  flops: ({ inputs: [q, k] }) => 5 * 2 * causalPairs(q, k),
};

/** Multiply-adds of q · kᵀ, the masked half left out. */
function causalPairs(q: Tensor, k: Tensor): number {
  const [B, T, H, D] = extents(q.shape, 4);
  const [, S] = extents(k.shape, 4);
  return B * H * D * T * (S - (T - 1) / 2);
}
