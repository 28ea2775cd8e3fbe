// How variables of the type q8 lie in memory: rows of 8-bit integers, in groups of eight, of which four columns of each row
// lie beside each other, with zeros where rows or columns are missing; then a float for each row, what one is worth in it.

import { NanobardError } from '../../errors.ts';
import { quantizeRow, type Shape, type TypedArray, Variable } from '../../tensor/index.ts';
import { Q8_COLUMNS, Q8_GROUP, Q8_ROWS } from './constants.ts';

/** Above this, sums in 32 bits would leave less than 8 bits for what is multiplied with the weights. */
const MOST_COLUMNS = 2 ** 16;

/** Bytes of a row of a shape, and of all of them. */
function extentOf({ shape }: Variable): { rows: number; columns: number; row: number; all: number } {
  const [rows, columns] = shape as [number, number];
  const row = Q8_COLUMNS * Math.ceil(columns / Q8_COLUMNS);
  return { rows, columns, row, all: row * Q8_ROWS * Math.ceil(rows / Q8_ROWS) };
}

/**
 * A matrix of weights in 8 bits. `linear` and `embedding` read it; it cannot be trained. Values that are written are rounded
 * to whole multiples, −127 to 127, of one number in each row, by devices that keep it so; others hold them as they are.
 *
 * @throws {NanobardError} code `argument` unless `shape` is (rows, columns), `shape` unless there are 1 to 65,536 columns.
 */
export function q8Variable(shape: Shape, initial?: TypedArray): Variable {
  const variable = new Variable(shape, { ...(initial && { initial }), storage: { words, encode, decode } });
  const columns = shape[1]!;
  if (columns >= 1 && columns <= MOST_COLUMNS) return variable;
  throw new NanobardError('shape', `a matrix in 8 bits has 1 to ${MOST_COLUMNS} columns, not ${columns}`);
}

function words(variable: Variable): number {
  const { row, all } = extentOf(variable);
  return all / 4 + all / row;
}

/** The place among the integers of row i, column j. */
const placeOf = (row: number, i: number, j: number): number =>
  (i - (i % Q8_GROUP)) * row + (j - (j % 4)) * Q8_GROUP + 4 * (i % Q8_GROUP) + (j % 4);

function encode(variable: Variable, values: ArrayLike<number>): Int32Array {
  const { rows, columns, row, all } = extentOf(variable);
  const stored = new Int32Array(words(variable));
  const steps = new Int8Array(stored.buffer);
  const units = new Float32Array(stored.buffer, all);
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  const one = new Int8Array(columns);
  for (let i = 0; i < rows; i++) {
    units[i] = quantizeRow(floats.subarray(i * columns, (i + 1) * columns), one);
    for (let j = 0; j < columns; j++) steps[placeOf(row, i, j)] = one[j]!;
  }
  return stored;
}

function decode(variable: Variable, { buffer, byteOffset }: TypedArray): Float32Array {
  const { rows, columns, row, all } = extentOf(variable);
  const steps = new Int8Array(buffer, byteOffset, all);
  const units = new Float32Array(buffer, byteOffset + all, rows);
  const values = new Float32Array(variable.size);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) values[i * columns + j] = steps[placeOf(row, i, j)]! * units[i]!;
  return values;
}
