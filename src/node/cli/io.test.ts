import { describe, expect, it } from 'vitest';
import { invocation, isTerminal, shellWord, sizeOf } from './io.ts';
import { styleFor } from './style.ts';
import { TestOutput } from './testing/test-io.ts';

describe('invocation', () => {
  it.each([
    ['/usr/local/bin/nanobard', 'nanobard'],
    ['/home/me/project/node_modules/.bin/nanobard', 'npx nanobard'],
    ['/home/me/nanobard/dist/cli.js', 'node dist/cli.js'],
    ['/elsewhere/dist/cli.js', 'node /elsewhere/dist/cli.js'],
  ])('%s is called as %s', (script, command) => {
    expect(invocation(script, '/home/me/nanobard')).toBe(command);
  });
});

it('shellWord quotes what a shell would take apart', () => {
  expect(shellWord('runs/bigram-20261122')).toBe('runs/bigram-20261122');
  expect(shellWord('my runs/a')).toBe("'my runs/a'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
});

it.each([
  [
    { columns: 100, rows: 30 },
    { columns: 100, rows: 30 },
  ],
  [
    { columns: 0, rows: 0 },
    { columns: 80, rows: 24 },
  ],
  [
    { columns: 120, rows: 0 },
    { columns: 120, rows: 24 },
  ],
  [
    { columns: 0, rows: 50 },
    { columns: 80, rows: 50 },
  ],
  [
    { columns: -1, rows: Number.NaN },
    { columns: 80, rows: 24 },
  ],
  [undefined, { columns: 80, rows: 24 }],
])('an output of the size %j is taken for %j', (size, expected) => {
  expect(sizeOf(new TestOutput(size))).toEqual(expected);
});

describe('colours', () => {
  const terminal = new TestOutput({ columns: 80, rows: 24 });
  it.each([
    ['on a terminal', terminal, {}, true],
    ['with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['with an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
    ['on a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['in a pipe', new TestOutput(), {}, false],
  ])('%s', (_name, output, env, colours) => {
    expect(styleFor(output, env).red('x') !== 'x').toBe(colours);
  });

  it('are not what makes a terminal', () => {
    expect(isTerminal(terminal, { NO_COLOR: '1' })).toBe(true);
  });
});
