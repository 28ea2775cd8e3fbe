import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { normaliseArguments } from './arguments.ts';

const program = new Command();
program
  .command('train')
  .option('--n-layer <n>')
  .option('--out <folder>')
  .option('--decay-lr')
  .option('--no-decay-lr')
  .option('--json');

const normalise = (...args: string[]): string[] => normaliseArguments(['train', ...args], program).slice(1);

describe('normaliseArguments', () => {
  it("turns nanoGPT's underscores into dashes", () => {
    expect(normalise('--n_layer=6', '--n_layer', '6', '--n-layer', '6')).toEqual([
      ...['--n-layer=6', '--n-layer', '6', '--n-layer', '6'],
    ]);
  });

  it('leaves values alone', () => {
    expect(normalise('--out=my_runs/--a_b', '--out', '--my_runs', 'a_b', '-a_b')).toEqual([
      ...['--out=my_runs/--a_b', '--out', '--my_runs', 'a_b', '-a_b'],
    ]);
    expect(normalise('--json', '--', '--n_layer')).toEqual(['--json', '--', '--n_layer']);
  });

  it.each([
    ['--decay_lr=True', '--decay-lr'],
    ['--decay-lr=true', '--decay-lr'],
    ['--decay_lr=False', '--no-decay-lr'],
    ['--decay-lr', '--decay-lr'],
    ['--no_decay_lr', '--no-decay-lr'],
  ])('%s becomes %s', (given, expected) => {
    expect(normalise(given)).toEqual([expected]);
  });

  it('refuses other values for a boolean', () => {
    expect(() => normalise('--decay_lr=maybe')).toThrow(
      "option '--decay-lr' argument 'maybe' is invalid. Expected true or false.",
    );
  });

  it('leaves a trailing flag without its value to the parser', () => {
    expect(normalise('--out')).toEqual(['--out']);
  });
});
