import * as v from 'valibot';
import type { NanobardError } from '../engine/errors.ts';

// What the fields of recipes and of stored files may be.

const whole = (min: number, message: string) =>
  v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(min, message));
export const wholeFrom0 = whole(0, 'must not be negative');
export const wholeFrom1 = whole(1, 'must be at least 1');
export const positive = v.pipe(v.number(), v.finite(), v.gtValue(0, 'must be greater than 0'));
export const notNegative = v.pipe(v.number(), v.finite(), v.minValue(0, 'must not be negative'));
export const fraction = v.pipe(
  v.number(),
  v.minValue(0, 'must be at least 0'),
  v.ltValue(1, 'must be less than 1'),
);

/** Whole numbers by any names: valibot's own record leaves out what is called `constructor` or `prototype`. */
export const wholeNumbers = v.custom<Readonly<Record<string, number>>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => Number.isSafeInteger(each) && each >= 0),
  'must be an object of whole numbers',
);

/** What an object of such fields is. */
export type FieldValues<F extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<F, undefined>>;

/** What a schema makes of a value; where it refuses it, the error that `refuse` makes of the first problem and its place. */
export function parsed<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  refuse: (problem: string, path: string | null) => NanobardError,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refuse(issue.message, v.getDotPath(issue));
}
