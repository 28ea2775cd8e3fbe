/** Turns at most, and the change of a direction below which it stands. */
const MOST_TURNS = 200;
const STILL = 1e-10;

/**
 * The rows of a matrix (rows, columns) in two dimensions, as they differ most: principal components by power iteration
 * on the covariance, without forming it (Hotelling, 1936). The sign of each is such that its largest coordinate is
 * positive, so that the same rows give the same picture.
 *
 * @returns (rows, 2), and the share of the variance that each dimension holds
 */
export function project(
  matrix: ArrayLike<number>,
  columns: number,
): { readonly points: Float32Array; readonly shares: readonly [number, number] } {
  const rows = matrix.length / columns;
  const centred = Float64Array.from(matrix);
  for (let j = 0; j < columns; j++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += centred[i * columns + j]! / rows;
    for (let i = 0; i < rows; i++) centred[i * columns + j]! -= mean;
  }
  const total = centred.reduce((sum, value) => sum + value * value, 0);
  const points = new Float32Array(2 * rows);
  const shares: [number, number] = [0, 0];
  for (const component of [0, 1] as const) {
    const direction = principal(centred, rows, columns);
    const along = times(centred, direction, rows, columns);
    const largest = along.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    const sign = largest < 0 ? -1 : 1;
    let variance = 0;
    for (let i = 0; i < rows; i++) {
      points[2 * i + component] = sign * along[i]!;
      variance += along[i]! ** 2;
      for (let j = 0; j < columns; j++) centred[i * columns + j]! -= along[i]! * direction[j]!;
    }
    shares[component] = total > 0 ? variance / total : 0;
  }
  return { points, shares };
}

/** The direction, of length 1, in which rows differ most. */
function principal(matrix: Float64Array, rows: number, columns: number): Float64Array {
  let direction = normalized(Float64Array.from({ length: columns }, (_, j) => 1 + (j % 7) / 7));
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const along = times(matrix, direction, rows, columns);
    const next = new Float64Array(columns);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) next[j]! += along[i]! * matrix[i * columns + j]!;
    const turned = normalized(next);
    const change = turned.reduce((sum, value, j) => sum + (value - direction[j]!) ** 2, 0);
    direction = turned;
    if (change < STILL) break;
  }
  return direction;
}

function times(matrix: Float64Array, vector: Float64Array, rows: number, columns: number): Float64Array {
  const product = new Float64Array(rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) product[i]! += matrix[i * columns + j]! * vector[j]!;
  return product;
}

function normalized(vector: Float64Array): Float64Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? vector.map((value) => value / length) : vector;
}
