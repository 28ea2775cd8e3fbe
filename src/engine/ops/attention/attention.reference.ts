import { extents } from '../../tensor/shape.ts';
import { dropMask } from '../shared/philox.ts';
import {
  accumulate,
  dot,
  positionOf,
  type ReferenceArray,
  type ReferenceKernel,
} from '../shared/reference.ts';
import type { attentionGradientOperation, attentionOperation } from './attention.ts';

/** One row of scores: a query of one head, and the keys that it sees. */
interface Row {
  /** Index of the row among all (B · H · T). */
  readonly index: number;
  /** The query's part of an array that is laid out as q is. */
  readonly query: (array: ReferenceArray) => Float64Array;
  /** For each key that it sees the key's part of an array that is laid out as k is. */
  readonly keys: readonly ((array: ReferenceArray) => Float64Array)[];
}

function rows(q: ReferenceArray, k: ReferenceArray, position: ReferenceArray): Row[] {
  const [B, T, H, D] = extents(q.shape, 4);
  const [, S] = extents(k.shape, 4);
  const part =
    (offset: number) =>
    ({ data }: ReferenceArray): Float64Array =>
      data.subarray(offset, offset + D);
  return Array.from({ length: B * H * T }, (_, index) => {
    const [b, h, t] = [Math.floor(index / (H * T)), Math.floor(index / T) % H, index % T];
    const visible = Math.min(S, positionOf(position, b) + t + 1);
    return {
      index,
      query: part(((b * T + t) * H + h) * D),
      keys: Array.from({ length: visible }, (_, j) => part(((b * S + j) * H + h) * D)),
    };
  });
}

/** What dropout multiplies weight j of a row by: 0 or 1/(1 − p). */
function keepScale(j: number, row: number, site: number, key: ReferenceArray, p: number): number {
  return p === 0 ? 1 : dropMask(j >> 2, row, site, key.data, p)[j & 3]!;
}

export const attentionReference: ReferenceKernel<typeof attentionOperation> = (
  [q, k, v, position, key],
  [y, lse],
  { scale, p, site },
) => {
  y.data.fill(0);
  for (const { index, query, keys } of rows(q, k, position)) {
    const scores = keys.map((at) => scale * dot(query(q), at(k)));
    const max = Math.max(...scores);
    const sum = scores.reduce((total, score) => total + Math.exp(score - max), 0);
    lse.data[index] = max + Math.log(sum);
    keys.forEach((at, j) => {
      const weight = (Math.exp(scores[j]! - max) / sum) * keepScale(j, index, site, key, p);
      accumulate(query(y), weight, at(v));
    });
  }
};

export const attentionGradientReference: ReferenceKernel<typeof attentionGradientOperation> = (
  [q, k, v, position, key, y, lse, dy],
  [dq, dk, dv],
  { scale, p, site },
) => {
  for (const { data } of [dq, dk, dv]) data.fill(0);
  for (const { index, query, keys } of rows(q, k, position)) {
    const delta = dot(query(y), query(dy));
    keys.forEach((at, j) => {
      const weight = Math.exp(scale * dot(query(q), at(k)) - lse.data[index]!);
      const keep = keepScale(j, index, site, key, p);
      const slope = scale * weight * (keep * dot(query(dy), at(v)) - delta);
      accumulate(query(dq), slope, at(k));
      accumulate(at(dk), slope, query(q));
      accumulate(at(dv), weight * keep, query(dy));
    });
  }
};
