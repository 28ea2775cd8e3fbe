/** int8 values of a matrix (m, n) and a scale for each row: value · scale is near what they stand for. */
export interface QuantizedRows {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** Rounds a matrix of `m` rows to 8 bits, with the largest of each row at ±127. */
export function quantizeRows(data: Float32Array, m: number): QuantizedRows {
  const n = data.length / m;
  const values = new Int8Array(data.length);
  const scales = new Float32Array(m);
  for (let i = 0; i < m; i++) {
    const row = data.subarray(i * n, (i + 1) * n);
    const largest = row.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    scales[i] = largest === 0 ? 1 : largest / 127;
    for (const [j, value] of row.entries()) values[i * n + j] = Math.round(value / scales[i]!);
  }
  return { values, scales };
}
