/** A row of the output layer for a token that is never to be drawn, and a bias of the last norm that makes it so. */
export interface SilentRow {
  readonly row: Float32Array;
  readonly bias: Float32Array;
}

/** What the token's logit is to be, whatever the text: far below all others. */
const LOGIT = -100;
/** Larger numbers would not survive rounding, nor leave the others alone; and nobody waits longer than seconds. */
const LARGEST = 100;
const LEAST_SUM = 4;
const MOST_PRODUCTS = 1e10;

/**
 * What the last layer norm gives, y = w ∘ x̂ + b with Σ x̂ = 0, lies in a plane: with n = 1/w, n · y is the same number,
 * n · b, for every text. A row that is a multiple of n has thus always the same logit. To have one that is not zero, b is
 * moved along v, the part of n that is orthogonal to all rows of the output layer, so that no other logit changes.
 *
 * Where there is no such part (as many tokens as the model is wide, or more), b must do as it is; and if it will not,
 * the row is zeros and its logit 0.
 *
 * @param rows The output layer as it will be stored, (V, C).
 * @param weight w, (C); `bias` b, (C).
 */
export function silentRow(rows: Float32Array, weight: Float32Array, bias: Float32Array): SilentRow {
  const C = weight.length;
  const V = rows.length / C;
  const n = Float64Array.from(weight, (w) => 1 / w);
  const v = V < C && V * V * C < MOST_PRODUCTS ? orthogonalPart(n, rows) : new Float64Array(C);
  const length = dot(v, v); // = n · v
  const now = dot(n, Float64Array.from(bias));
  // n · (b + c v) = sum, by as little of v as leaves the row moderate; where there is no v, b as it is.
  const wanted = Math.max(length, LEAST_SUM);
  for (const [c, sum] of [
    [(wanted - now) / length, wanted],
    [0, now],
  ] as const) {
    const row = Float32Array.from(n, (value) => (LOGIT / sum) * value);
    const moved = Float32Array.from(v, (value) => (c === 0 ? 0 : c * value));
    if (![...row, ...moved].every((value) => Math.abs(value) <= LARGEST)) continue;
    return { row, bias: bias.map((b, i) => b + moved[i]!) };
  }
  return { row: new Float32Array(C), bias };
}

/** What is left of a vector when its parts along all rows of a matrix are taken away: Gram & Schmidt, twice over. */
function orthogonalPart(vector: Float64Array, rows: Float32Array): Float64Array {
  const C = vector.length;
  const basis: Float64Array[] = [];
  const remove = (x: Float64Array): Float64Array => {
    for (let round = 0; round < 2; round++) {
      for (const direction of basis) {
        const along = dot(x, direction);
        for (let i = 0; i < C; i++) x[i]! -= along * direction[i]!;
      }
    }
    return x;
  };
  for (let start = 0; start < rows.length; start += C) {
    const row = Float64Array.from(rows.subarray(start, start + C));
    const before = Math.sqrt(dot(row, row));
    const rest = remove(row);
    const length = Math.sqrt(dot(rest, rest));
    if (length > 1e-9 * before) basis.push(rest.map((value) => value / length));
  }
  return remove(Float64Array.from(vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
