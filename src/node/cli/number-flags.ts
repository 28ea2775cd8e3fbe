import { InvalidArgumentError } from 'commander';

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

export interface Range {
  readonly min?: number;
  readonly max?: number;
  /** Whether `min` itself is excluded. */
  readonly above?: boolean;
}

/** Parses a flag's value as a number, or says what was expected. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (!NUMBER.test(text.trim()) || !Number.isFinite(value))
    throw new InvalidArgumentError('Expected a number.');
  return value;
}

/** Parses a flag's value as a whole number, or says what was expected. */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (!NUMBER.test(text.trim()) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('Expected a whole number.');
  }
  return value;
}

/** A parser for commander that holds values to a range. */
export function inRange(
  parse: (text: string) => number,
  { min, max, above }: Range,
): (text: string) => number {
  return (text) => {
    const value = parse(text);
    if (min !== undefined && (above ? value <= min : value < min)) {
      throw new InvalidArgumentError(`It must be ${above ? 'greater than' : 'at least'} ${min}.`);
    }
    if (max !== undefined && value > max) throw new InvalidArgumentError(`It must be at most ${max}.`);
    return value;
  };
}
