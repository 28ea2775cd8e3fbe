import type { ReferenceArray, ReferenceKernel } from '../shared/kernel.ts';
import { dropMask } from '../shared/philox.ts';

type Attributes = { readonly scale: number; readonly p: number; readonly site: number };

/** One row of scores: which query of which head, and the keys that it sees. */
interface Row {
  /** Index of the row among all (B · H · T). */
  readonly index: number;
  /** Offsets of the query (and of y), and of the first key. */
  readonly q: number;
  readonly k: number;
  readonly visible: number;
}

function* rows([q, k, , position]: readonly ReferenceArray[]): Generator<Row> {
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const S = k!.shape[1]!;
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let t = 0; t < T; t++) {
        const visible = Math.min(S, position!.data[0]! + t + 1);
        yield { index: (b * H + h) * T + t, q: ((b * T + t) * H + h) * D, k: (b * S * H + h) * D, visible };
      }
    }
  }
}

/** What dropout multiplies weight j of a row by: 0 or 1/(1 − p). */
function keepScale(j: number, row: number, site: number, key: Float64Array, p: number): number {
  return p === 0 ? 1 : dropMask(j >> 2, row, site, key, p)[j & 3]!;
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number, d: number): number {
  let sum = 0;
  for (let c = 0; c < d; c++) sum += a[i + c]! * b[j + c]!;
  return sum;
}

export const attentionReference: ReferenceKernel<Attributes> = (inputs, [y, lse], { scale, p, site }) => {
  const [q, k, v, , key] = inputs as [
    ReferenceArray,
    ReferenceArray,
    ReferenceArray,
    ReferenceArray,
    ReferenceArray,
  ];
  const [H, D] = q.shape.slice(2) as [number, number];
  y!.data.fill(0);
  for (const row of rows(inputs)) {
    const scores = Array.from(
      { length: row.visible },
      (_, j) => scale * dot(q.data, row.q, k.data, row.k + j * H * D, D),
    );
    const max = Math.max(...scores);
    const sum = scores.reduce((total, score) => total + Math.exp(score - max), 0);
    lse!.data[row.index] = max + Math.log(sum);
    scores.forEach((score, j) => {
      const weight = (Math.exp(score - max) / sum) * keepScale(j, row.index, site, key.data, p);
      for (let c = 0; c < D; c++) y!.data[row.q + c]! += weight * v.data[row.k + j * H * D + c]!;
    });
  }
};

export const attentionGradientReference: ReferenceKernel<Attributes> = (
  inputs,
  outputs,
  { scale, p, site },
) => {
  const [q, k, v, , key, y, lse, dy] = inputs.map((input) => input.data) as Float64Array[];
  const [dq, dk, dv] = outputs.map((output) => output.data.fill(0)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [H, D] = inputs[0]!.shape.slice(2) as [number, number];
  for (const row of rows(inputs)) {
    const delta = dot(y!, row.q, dy!, row.q, D);
    for (let j = 0; j < row.visible; j++) {
      const at = row.k + j * H * D;
      const weight = Math.exp(scale * dot(q!, row.q, k!, at, D) - lse![row.index]!);
      const keep = keepScale(j, row.index, site, key!, p);
      const slope = scale * weight * (keep * dot(dy!, row.q, v!, at, D) - delta);
      for (let c = 0; c < D; c++) {
        dq[row.q + c]! += slope * k![at + c]!;
        dk[at + c]! += slope * q![row.q + c]!;
        dv[at + c]! += weight * keep * dy![row.q + c]!;
      }
    }
  }
};
