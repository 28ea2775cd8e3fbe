/**
 * Rounds a row of numbers to whole multiples, −127 to 127, of one number, its largest magnitude / 127; `steps` takes them.
 *
 * @returns that number, as float32; of zeros it is 0
 */
export function quantizeRow(row: Float32Array, steps: Int8Array): number {
  let largest = 0;
  for (const x of row) largest = Math.max(largest, Math.abs(x));
  const unit = Math.fround(largest / 127);
  for (let i = 0; i < row.length; i++) steps[i] = unit > 0 ? Math.round(row[i]! / unit) : 0;
  return unit;
}
