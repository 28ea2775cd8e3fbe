/**
 * Rounds a row of numbers to whole multiples, −127 to 127, of one number, its largest magnitude / 127; `steps` takes them.
 *
 * @returns that number, as float32; of zeros it is 0, and not finite if one of the row is not
 */
export function quantizeRow(row: Float32Array, steps: Int8Array): number {
  let largest = 0;
  for (const x of row) largest = Math.max(largest, Math.abs(x));
  const unit = Math.fround(largest / 127);
  // Of the smallest numbers there are, the unit is so coarse that more than 127 of it may be needed.
  for (let i = 0; i < row.length; i++)
    steps[i] = unit > 0 ? Math.max(-127, Math.min(127, Math.round(row[i]! / unit))) : 0;
  return unit;
}
