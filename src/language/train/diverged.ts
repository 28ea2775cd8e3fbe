import { NanobardError } from '../../engine/errors.ts';

/** What is thrown when a number is no longer finite. */
export function diverged(message: string): NanobardError {
  return new NanobardError('diverged', message, {
    hint: 'Use a lower learning rate, a longer warm-up or gradient clipping.',
  });
}
