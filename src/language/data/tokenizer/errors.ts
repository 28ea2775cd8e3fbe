import { NanobardError } from '../../../engine/errors.ts';

/** A tokenizer's data that makes no sense. */
export const damaged = (problem: string, path: string | null = null): NanobardError =>
  new NanobardError('checkpoint', `Not a tokenizer: ${path ? `${path}: ` : ''}${problem}`, {
    hint: 'The tokenizer file is damaged or not from nanobard.',
  });

export function unknownToken(token: number, position: number, vocabSize: number): NanobardError {
  const message = `Token ${token} at position ${position} is not in the vocabulary (0 to ${vocabSize - 1})`;
  return new NanobardError('vocabulary', message, {
    hint: 'Decode with the tokenizer of the model that made the tokens.',
  });
}
