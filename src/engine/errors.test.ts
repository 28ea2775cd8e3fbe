import { expect, it } from 'vitest';
import { NanobardError } from './errors.ts';

it('an error never repeats a whole file', () => {
  const { message, hint } = new NanobardError('checkpoint', `begin ${'x'.repeat(1e6)} end`, {
    hint: 'y'.repeat(1e6),
  });
  expect(message.length + hint!.length).toBeLessThan(2000);
  expect(message).toMatch(/^begin x+ … x+ end$/);
  expect(new NanobardError('file', 'a.txt is empty').message).toBe('a.txt is empty');
});
