import { describe, expect, it } from 'vitest';
import { recipes } from '../../language/recipes/recipes.ts';
import { version } from '../../version.ts';
import { run } from './main.ts';
import { type TestIo, testIo } from './testing/test-io.ts';

const names = Object.keys(recipes);

async function call(args: string[], io = testIo()): Promise<TestIo & { code: number }> {
  return Object.assign(io, { code: await run(args, io) });
}

describe('help and version', () => {
  it('prints the version', async () => {
    const { code, stdout, stderr } = await call(['--version']);
    expect([code, stdout.text, stderr.text]).toEqual([0, `${version}\n`, '']);
  });

  it.each([
    ['--help'],
    ['train', '--help'],
    ['sample', '--help'],
    ['eval', '--help'],
    ['doctor', '--help'],
    ['studio', '--help'],
  ])('%s %s has examples and fits 80 columns', async (...args) => {
    const { code, stdout, stderr } = await call(args);
    expect([code, stderr.text]).toEqual([0, '']);
    expect(stdout.text).toMatch(/^Usage: nanobard/);
    expect(stdout.text).toMatch(/\nExamples:\n {2}nanobard /);
    const [, options = ''] = stdout.text.split('Options:');
    const described = options.split('\n\nRecipes:')[0]!;
    expect(Math.max(...described.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('is what a call without a command gets, as an error', async () => {
    const { code, stdout, stderr } = await call([]);
    expect([code, stdout.text]).toEqual([2, '']);
    expect(stderr.text).toMatch(/^Usage: nanobard/);
  });
});

describe('wrong usage: exit code 2, one message, nothing on standard output', () => {
  it.each([
    [['trian'], "error: unknown command 'trian'\n(Did you mean train?)\n"],
    [
      ['train', '--n-layr', '6'],
      "error: unknown option '--n-layr'\n(Did you mean --n-layer?)\nSee nanobard train --help.\n",
    ],
    [
      ['train', '--n_layer=six'],
      "error: option '--n-layer <n>' argument 'six' is invalid. Expected a whole number.\nSee nanobard train --help.\n",
    ],
    [
      ['train', '--bias=maybe'],
      "error: option '--bias' argument 'maybe' is invalid. Expected true or false.\n",
    ],
    [
      ['train', 'shakespeare-chr'],
      `error: there is no recipe 'shakespeare-chr'\nDid you mean shakespeare-char? The recipes are ${names.join(', ')}.\n`,
    ],
    [
      ['train', 'bigram', '--n-head', '2'],
      `error: a bigram model has no nHead\nLeave it out, or train another recipe: ${names.filter((name) => !name.endsWith('bigram')).join(', ')}. See --n-head.\n`,
    ],
    [
      ['train', '--threads', '0'],
      "error: option '--threads <n>' argument '0' is invalid. It must be at least 1.\nSee nanobard train --help.\n",
    ],
    [
      ['train', '--device', 'tpu'],
      "error: option '--device <name>' argument 'tpu' is invalid. Allowed choices are auto, cpu, webgpu, reference.\nSee nanobard train --help.\n",
    ],
    [['train', '--data'], "error: option '--data <files...>' argument missing\nSee nanobard train --help.\n"],
    [
      ['train', 'bigram', 'shakespeare-char'],
      "error: too many arguments for 'train'. Expected 1 argument but got 2.\nSee nanobard train --help.\n",
    ],
    [
      ['sample', '--top-p', '1.5'],
      "error: option '--top-p <x>' argument '1.5' is invalid. It must be at most 1.\nSee nanobard sample --help.\n",
    ],
    [
      ['sample', '--top-p', '0'],
      "error: option '--top-p <x>' argument '0' is invalid. It must be greater than 0.\nSee nanobard sample --help.\n",
    ],
    [['eval', '--tokens', '5'], "error: unknown option '--tokens'\nSee nanobard eval --help.\n"],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await call(args);
    expect([code, stdout.text, stderr.text]).toEqual([2, '', message]);
  });
});

describe('help on any terminal', () => {
  it.each([
    [0, 0],
    [40, 10],
    [1, 1],
  ])('of %i × %i', async (columns, rows) => {
    const { code, stdout } = await call(['train', '--help'], testIo({ terminal: { columns, rows } }));
    expect(code).toBe(0);
    expect(stdout.text).toContain('--n-layer <n>');
    if (columns === 0) expect(stdout.text).toBe((await call(['train', '--help'])).stdout.text);
  });
});

describe('failures: exit code 1', () => {
  it('prints message and hint, with the flags that are meant', async () => {
    const { code, stdout, stderr } = await call(['train', 'bigram', '--data', 'no/such/file']);
    expect([code, stdout.text, stderr.text]).toEqual([
      1,
      '',
      "error: 'no/such/file' is neither a corpus nor a file\nName a corpus (tinyshakespeare, plays) or the path of a UTF-8 text file. See --data.\n",
    ]);
  });

  it('names no flag that the command does not have', async () => {
    const { stderr } = await call(['sample', 'no/such/run']);
    expect(stderr.text).toMatch(
      /^error: there is no model at no\/such\/run\nGive the folder of a run or .*, or a model\.safetensors\.\n$/,
    );
  });

  it('a recipe that makes no sense as a whole is a failure, not wrong usage', async () => {
    const { code, stderr } = await call(['train', '--n-head', '5']);
    expect(code).toBe(1);
    expect(stderr.text).toMatch(
      /^error: nHead 5 must divide nEmbd.*\nWith nEmbd .* heads\. See --n-head\.\n$/,
    );
  });

  it('prints the stack and the cause only with --debug', async () => {
    const { code, stderr } = await call(['eval', 'no/such/run', '--debug']);
    expect(code).toBe(1);
    expect(stderr.text).toMatch(/^error: no\/such\/run is not .*\n.*\n[\s\S]*run-folder\.ts/);
  });

  it('points to --debug where an error was not foreseen', async () => {
    const stdin: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('the pipe broke')) }),
    };
    const { code, stderr } = await call(['sample', '--prompt', '-'], { ...testIo(), stdin });
    expect([code, stderr.text]).toEqual([
      1,
      'error: the pipe broke\nAdd --debug to see where this came from.\n',
    ]);
  });
});
