import { NanobardError } from '../engine/errors.ts';
import { MAX_TEXT_LENGTH } from '../language/data/text.ts';
import { shown } from '../language/options.ts';

/** What is wrong with a text; another one, given as `data`, mends it. */
export function refusal(
  message: string,
  hint: string,
  { options = ['data'], cause }: { options?: readonly string[]; cause?: unknown } = {},
): NanobardError {
  return new NanobardError('file', message, { hint, options, cause });
}

/** No text can be longer than the longest string. */
export function checkSize(size: number, name: string): void {
  if (size > MAX_TEXT_LENGTH) throw tooLarge(name);
}

export function tooLarge(name: string): NanobardError {
  const hint = `Use a part of it, up to ${MAX_TEXT_LENGTH} bytes, or encode it: nanobard tokenizer encode --help.`;
  return refusal(`${name} is too large to be one text`, hint);
}

/** `texts` are the fields that would do, as they are shown. */
export function noField(place: string, field: string, texts: readonly string[]): NanobardError {
  const hint =
    texts.length > 0 ? `Fields with text are ${texts.slice(0, 10).join(', ')}.` : 'No field of it is a text.';
  return refusal(`${place} has no text in the field ${shown(field)}`, hint, { options: ['field'] });
}
