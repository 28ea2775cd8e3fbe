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

/** The word that holds the first four columns of row i; those of the next four lie Q8_GROUP words further on. */
const wordOf = (i: number, row: number): number => ((i - (i % Q8_GROUP)) * row) / 4 + (i % Q8_GROUP);

function encode(variable: Variable, values: ArrayLike<number>): Int32Array {
  const { rows, columns, row, all } = extentOf(variable);
  const stored = new Int32Array(words(variable));
  const units = new Float32Array(stored.buffer, all);
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  const line = new Int32Array(row / 4);
  const steps = new Int8Array(line.buffer, 0, columns);
  for (let i = 0; i < rows; i++) {
    units[i] = quantizeRow(floats.subarray(i * columns, (i + 1) * columns), steps);
    for (let j = 0, at = wordOf(i, row); j < line.length; j++, at += Q8_GROUP) stored[at] = line[j]!;
  }
  return stored;
}

function decode(variable: Variable, { buffer, byteOffset }: TypedArray): Float32Array {
  const { rows, columns, row, all } = extentOf(variable);
  const stored = new Int32Array(buffer, byteOffset, all / 4);
  const units = new Float32Array(buffer, byteOffset + all, rows);
  const values = new Float32Array(variable.size);
  const line = new Int32Array(row / 4);
  const steps = new Int8Array(line.buffer, 0, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0, at = wordOf(i, row); j < line.length; j++, at += Q8_GROUP) line[j] = stored[at]!;
    for (let j = 0; j < columns; j++) values[i * columns + j] = steps[j]! * units[i]!;
  }
  return values;
}
