import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TestOutput } from '../testing/test-io.ts';
import { GatheredOutput } from './gathered-output.ts';

it('writes once for each turn of the event loop, or when it is told to', async () => {
  const output = new TestOutput();
  const gathered = new GatheredOutput(output);
  gathered.write('To be, ');
  gathered.write('');
  await Promise.resolve();
  gathered.write('or ');
  expect(output.writes).toEqual([]);
  await setImmediate();
  expect(output.writes).toEqual(['To be, or ']);
  gathered.write('not ');
  gathered.flush();
  gathered.write('to be');
  expect(output.writes).toEqual(['To be, or ', 'not ']);
  await setImmediate();
  gathered.flush();
  await setImmediate();
  expect(output.writes).toEqual(['To be, or ', 'not ', 'to be']);
});
