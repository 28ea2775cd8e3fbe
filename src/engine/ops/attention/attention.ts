import { NanobardError } from '../../errors.ts';
import { formatShape, shapeError } from '../../tensor/shape.ts';
import { Node, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { requireFloat } from '../shared/operands.ts';
import { newSite } from '../shared/philox.ts';

export interface AttentionOptions {
  /** Position of the first query among the keys, an i32 scalar: 0 unless keys come from a cache. */
  readonly position?: Tensor;
  /** Factor of the scores; 1/√D by default. */
  readonly scale?: number;
  /** Drops attention weights with probability `p`; `key` as in `dropout`. */
  readonly dropout?: { readonly p: number; readonly key: Tensor };
}

type AttentionAttributes = { readonly scale: number; readonly p: number; readonly site: number };

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
 * @throws {NanobardError} code `shape` if the operands do not fit.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const S = k.shape[1]!;
  const keys = [B, S, H, D];
  if (q.rank !== 4 || k.rank !== 4 || k.shape.join() !== keys.join() || v.shape.join() !== keys.join()) {
    throw shapeError(
      'attention',
      'queries must be (B, T, H, D), keys and values (B, S, H, D)',
      q.shape,
      k.shape,
      v.shape,
    );
  }
  if (!options.position && S < T) {
    throw shapeError(
      'attention',
      `${T} queries need as many keys, not ${formatShape(keys)}`,
      q.shape,
      k.shape,
    );
  }
  requireFloat('attention', q, k, v);
  if (options.position && (options.position.rank !== 0 || options.position.dtype !== 'i32')) {
    throw shapeError('attention', 'the position must be an i32 scalar', options.position.shape);
  }
  if (options.scale !== undefined && !(options.scale > 0)) {
    throw new NanobardError('argument', `attention: the scale must be above 0, not ${options.scale}`);
  }
  if (options.dropout && !(options.dropout.p >= 0 && Math.fround(options.dropout.p) < 1)) {
    throw new NanobardError('argument', `attention: p must be from 0 to below 1, not ${options.dropout.p}`);
  }
  const position = options.position ?? constant(Int32Array.of(0), []);
  const p = options.dropout?.p ?? 0;
  const key = p > 0 ? options.dropout!.key : constant(new Int32Array(3));
  const attributes = { scale: options.scale ?? 1 / Math.sqrt(D), p, site: newSite() };
  return new Node(attentionOperation, [q, k, v, position, key], attributes, [
    { shape: [B, T, H, D], dtype: 'f32' },
    { shape: [B, H, T], dtype: 'f32' }, // log-sum-exp of each row of scores
  ]).outputs[0]!;
}

export const attentionOperation: Operation<AttentionAttributes> = {
  name: 'attention',
  stridedRows: [0, 1, 2],
  flops: (node) => 2 * 2 * causalPairs(node.inputs),
  gradient(node, [dy]) {
    const [q, k, v, position, key] = node.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const [y, lse] = node.outputs as [Tensor, Tensor];
    if (!dy) return [];
    return new Node(attentionGradientOperation, [q, k, v, position, key, y, lse, dy], node.attributes, [
      { shape: q.shape, dtype: 'f32' },
      { shape: k.shape, dtype: 'f32' },
      { shape: v.shape, dtype: 'f32' },
    ]).outputs;
  },
};

/** (q, k, v, position, key, y, lse, dy) → (dq, dk, dv) */
export const attentionGradientOperation: Operation<AttentionAttributes> = {
  name: 'attention-gradient',
  stridedRows: [0, 1, 2],
  flops: (node) => 5 * 2 * causalPairs(node.inputs),
};

/** Multiply-adds of q · kᵀ, the masked half left out. */
function causalPairs([q, k]: readonly Tensor[]): number {
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const S = k!.shape[1]!;
  return B * H * D * T * (S - (T - 1) / 2);
}
