// How variables of the type q8 lie in memory: rows of 8-bit integers, each padded with zeros to whole vectors, and then
// for each row a float, what one is worth in it.

import { quantizeRow, type Variable } from '../../tensor/index.ts';

const rowBytes = (columns: number): number => 16 * Math.ceil(columns / 16);

/** How many words a variable takes. */
export function q8Words({ shape }: Variable): number {
  const [rows, columns] = shape as [number, number];
  return (rows * (rowBytes(columns) + 4)) / 4;
}

/** Values of a variable as they are stored. */
export function toQ8(variable: Variable, values: ArrayLike<number>): Int32Array {
  const [rows, columns] = variable.shape as [number, number];
  const words = new Int32Array(q8Words(variable));
  const units = new Float32Array(words.buffer, rows * rowBytes(columns));
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  for (let row = 0; row < rows; row++) {
    const steps = new Int8Array(words.buffer, row * rowBytes(columns), columns);
    units[row] = quantizeRow(floats.subarray(row * columns, (row + 1) * columns), steps);
  }
  return words;
}

/** The values of a variable that is stored so. */
export function fromQ8({ shape, size }: Variable, { buffer, byteOffset }: ArrayBufferView): Float32Array {
  const [rows, columns] = shape as [number, number];
  const units = new Float32Array(buffer, byteOffset + rows * rowBytes(columns), rows);
  const values = new Float32Array(size);
  for (let row = 0; row < rows; row++) {
    const steps = new Int8Array(buffer, byteOffset + row * rowBytes(columns), columns);
    for (let i = 0; i < columns; i++) values[row * columns + i] = steps[i]! * units[row]!;
  }
  return values;
}
