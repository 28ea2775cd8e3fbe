import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../engine/errors.ts';
import { recipes } from '../../language/recipes/recipes.ts';
import { version } from '../../version.ts';
import type { Engine } from './commands/session.ts';
import { run } from './main.ts';
import { FakeEngine, type FakeIo, fakeIo } from './testing/fakes.ts';

const names = Object.keys(recipes);

async function call(args: string[], engine: Engine = new FakeEngine()): Promise<FakeIo & { code: number }> {
  const io = fakeIo();
  return Object.assign(io, { code: await run(args, { io, engine }) });
}

/** An engine whose evaluation fails. */
function failing(error: unknown): Engine {
  const engine = new FakeEngine();
  engine.evaluate = async () => {
    throw error;
  };
  return engine;
}

describe('help and version', () => {
  it('prints the version', async () => {
    const { code, stdout, stderr } = await call(['--version']);
    expect([code, stdout.text, stderr.text]).toEqual([0, `${version}\n`, '']);
  });

  it.each([['--help'], ['train', '--help'], ['sample', '--help'], ['eval', '--help'], ['doctor', '--help']])(
    '%s %s has examples and fits 80 columns',
    async (...args) => {
      const { code, stdout, stderr } = await call(args);
      expect([code, stderr.text]).toEqual([0, '']);
      expect(stdout.text).toMatch(/^Usage: nanobard/);
      expect(stdout.text).toMatch(/\nExamples:\n {2}nanobard /);
      const [, options = ''] = stdout.text.split('Options:');
      const described = options.split('\n\nRecipes:')[0]!;
      expect(Math.max(...described.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

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
      `error: unknown recipe 'shakespeare-chr'\nDid you mean shakespeare-char? The recipes are ${names.join(', ')}.\n`,
    ],
    [
      ['train', 'bigram', '--n-head', '2'],
      `error: --n-head does not apply to recipe bigram: a bigram model has no such part\nLeave the flag out, or train another recipe: ${names.filter((name) => name !== 'bigram').join(', ')}.\n`,
    ],
    [
      ['train', '--threads', '0'],
      "error: option '--threads <n>' argument '0' is invalid. It must be at least 1.\nSee nanobard train --help.\n",
    ],
    [
      ['train', '--device', 'tpu'],
      "error: option '--device <name>' argument 'tpu' is invalid. Allowed choices are auto, cpu, reference.\nSee nanobard train --help.\n",
    ],
    [['train', '--data'], "error: option '--data <file>' argument missing\nSee nanobard train --help.\n"],
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

describe('failures: exit code 1', () => {
  it('prints message and hint', async () => {
    const error = new NanobardError('checkpoint', 'best.safetensors is damaged', { hint: 'Train again.' });
    const { code, stdout, stderr } = await call(['eval'], failing(error));
    expect([code, stdout.text, stderr.text]).toEqual([
      1,
      '',
      'error: best.safetensors is damaged\nTrain again.\n',
    ]);
  });

  it('a recipe that makes no sense as a whole is a failure, not wrong usage', async () => {
    const { code, stderr } = await call(['train', '--n-head', '5']);
    expect(code).toBe(1);
    expect(stderr.text).toMatch(/^error: --n-head 5 must divide nEmbd/);
  });

  it('prints the stack and the cause only with --debug', async () => {
    const error = new NanobardError('file', 'no such run', { cause: new Error('ENOENT') });
    const quiet = await call(['eval'], failing(error));
    expect(quiet.stderr.text).toBe('error: no such run\n');
    const loud = await call(['eval', '--debug'], failing(error));
    expect(loud.stderr.text).toMatch(/^error: no such run\n[\s\S]*main\.test\.ts[\s\S]*ENOENT/);
  });

  it('points to --debug where an error was not foreseen', async () => {
    const { code, stderr } = await call(['eval'], failing(new TypeError('x is undefined')));
    expect([code, stderr.text]).toEqual([
      1,
      'error: x is undefined\nAdd --debug to see where this came from.\n',
    ]);
  });
});
