// How variables of the type q8 lie in memory: rows of 8-bit integers, padded with zeros to whole vectors and to whole
// groups of rows, and then for each row a float, what one is worth in it.

import { quantizeRow, type Shape, type TypedArray, Variable } from '../../tensor/index.ts';
import { Q8_GROUP } from './constants.ts';

/** Bytes of a row, and of all of them. */
function extentOf({ shape }: Variable): { rows: number; columns: number; row: number; all: number } {
  const [rows, columns] = shape as [number, number];
  const row = 16 * Math.ceil(columns / 16);
  return { rows, columns, row, all: row * Q8_GROUP * Math.ceil(rows / Q8_GROUP) };
}

/**
 * A matrix of weights in 8 bits. `linear` and `embedding` read it; it cannot be trained. Values that are written are rounded
 * to whole multiples, −127 to 127, of one number in each row, by devices that keep it so; others hold them as they are.
 *
 * @throws {NanobardError} code `argument` unless `shape` is (rows, columns).
 */
export function q8Variable(shape: Shape, initial?: TypedArray): Variable {
  return new Variable(shape, { ...(initial && { initial }), storage: { words, encode, decode } });
}

function words(variable: Variable): number {
  const { rows, all } = extentOf(variable);
  return all / 4 + rows;
}

function encode(variable: Variable, values: ArrayLike<number>): Int32Array {
  const { rows, columns, row, all } = extentOf(variable);
  const stored = new Int32Array(words(variable));
  const units = new Float32Array(stored.buffer, all);
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  for (let i = 0; i < rows; i++) {
    const steps = new Int8Array(stored.buffer, i * row, columns);
    units[i] = quantizeRow(floats.subarray(i * columns, (i + 1) * columns), steps);
  }
  return stored;
}

function decode(variable: Variable, { buffer, byteOffset }: TypedArray): Float32Array {
  const { rows, columns, row, all } = extentOf(variable);
  const units = new Float32Array(buffer, byteOffset + all, rows);
  const values = new Float32Array(variable.size);
  for (let i = 0; i < rows; i++) {
    const steps = new Int8Array(buffer, byteOffset + i * row, columns);
    for (let j = 0; j < columns; j++) values[i * columns + j] = steps[j]! * units[i]!;
  }
  return values;
}
