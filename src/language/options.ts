import { closest, distance } from 'fastest-levenshtein';
import { NanobardError } from '../engine/errors.ts';

/** What the value of an option may be, in a test and in words. */
export interface Rule {
  readonly accepts: (value: unknown) => boolean;
  readonly expected: string;
}

const rule = (accepts: Rule['accepts'], expected: string): Rule => ({ accepts, expected });

export const text = rule((value) => typeof value === 'string', 'a string');
export const texts = rule(
  (value) => [value].flat().every((each) => typeof each === 'string'),
  'a string or several',
);
export const path = rule((value) => typeof value === 'string' && value !== '', 'the path of a folder');
export const model = rule(
  (value) => typeof value === 'string' && value !== '',
  'the path or the address of a model',
);
export const fileName = rule(
  (value) => typeof value === 'string' && /^[^/\\]+$/.test(value),
  'a name that a folder can have',
);
export const signal = rule(
  (value) => typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
  'an AbortSignal',
);
export const anything = rule(() => true, 'anything');

export function whole(min: number): Rule {
  return rule(
    (value) => Number.isSafeInteger(value) && (value as number) >= min,
    `a whole number from ${min} on`,
  );
}

export function number(accepts: (value: number) => boolean, expected: string): Rule {
  return rule((value) => typeof value === 'number' && accepts(value), `a number ${expected}`);
}

export function oneOf(values: readonly string[]): Rule {
  return rule((value) => values.some((each) => each === value), `one of ${values.join(', ')}`);
}

/** For the options of a device; which devices there are, the device knows. */
export const deviceRules = { device: text, threads: whole(1), blas: text, dtype: oneOf(['f32', 'f16']) };

/**
 * Holds the options of a function, called `where` in messages, to rules. An option that is undefined counts as left
 * out.
 *
 * @throws {NanobardError} code `argument`, naming the option, what it may be and what it is.
 */
export function checkOptions(
  where: string,
  options: unknown,
  rules: Readonly<Record<string, Rule>>,
  required: readonly string[] = [],
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new NanobardError('argument', `${where} takes an object of options, not ${shown(options)}`);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const found = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!found) {
      throw new NanobardError('argument', `${where} has no option ${shown(name)}`, {
        hint: `${didYouMean(name, Object.keys(rules))}Its options are ${Object.keys(rules).join(', ')}.`,
      });
    }
    if (!found.accepts(value)) throw wrong(where, name, found, value);
  }
  const missing = required.find((name) => !given.some(([present]) => present === name));
  if (missing !== undefined) throw wrong(where, missing, rules[missing]!, undefined);
}

/** Holds one argument to a rule, as `checkOptions` does. */
export function checkArgument(where: string, name: string, found: Rule, value: unknown): void {
  if (!found.accepts(value)) throw wrong(where, name, found, value);
}

function wrong(where: string, name: string, { expected }: Rule, value: unknown): NanobardError {
  const is = value === undefined ? '; it was left out' : `, not ${shown(value)}`;
  return new NanobardError('argument', `${where}: ${name} must be ${expected}${is}`, { options: [name] });
}

/** `Did you mean train? ` where one of the names resembles `word`, else nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const nearest = closest(word, names);
  return distance(word, nearest) <= nearest.length / 2 ? `Did you mean ${nearest}? ` : '';
}

/** A value in a message: never longer than a line, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return value.length <= 60 ? `'${value}'` : `'${value.slice(0, 40)}…' (${value.length} characters)`;
  }
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return `an object of type ${value.constructor?.name ?? 'unknown'}`;
}
