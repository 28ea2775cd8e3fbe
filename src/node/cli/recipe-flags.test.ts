import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { recipeFields } from '../../language/recipes/recipe.ts';
import { recipes } from '../../language/recipes/recipes.ts';
import { normaliseArguments } from './arguments.ts';
import { addRecipeFlags, runOptions } from './recipe-flags.ts';

const flagOf = (field: string): string =>
  `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function parse(...args: string[]): ReturnType<typeof runOptions> {
  const program = new Command();
  const command = program.command('train').action(() => {});
  addRecipeFlags(command);
  for (const each of [program, command]) each.exitOverride().configureOutput({ writeErr: () => {} });
  program.parse(normaliseArguments(['train', ...args], program), { from: 'user' });
  return runOptions(command.opts());
}

describe('recipe flags', () => {
  it('there is one, explained, for every field of every recipe', () => {
    const command = new Command();
    addRecipeFlags(command);
    const described = command.options
      .filter((option) => option.description !== '')
      .map((option) => option.long);
    const fields = Object.keys(Object.assign({}, ...Object.values(recipeFields)));
    expect(described.toSorted()).toEqual(
      fields
        .filter((field) => field !== 'model')
        .map(flagOf)
        .toSorted(),
    );
  });

  it('only what the user set is an override', () => {
    expect(parse()).toEqual({});
    expect(parse('--n-layer', '6', '--bias', '--learning_rate=3e-4', '--dropout=.1')).toEqual({
      ...{ nLayer: 6, bias: true, learningRate: 3e-4, dropout: 0.1 },
    });
    expect(parse('--no-bias')).toEqual({ bias: false });
    expect(parse('--gradient_accumulation_steps=40')).toEqual({ gradientAccumulationSteps: 40 });
    expect(parse('--bias=False', '--decay_lr=true')).toEqual({ bias: false, decayLr: true });
  });

  it('every recipe can be spelled out in flags, both ways', () => {
    for (const { recipe } of Object.values(recipes)) {
      const { model, ...fields } = recipe;
      const dashes = Object.entries(fields).map(([field, value]) => `${flagOf(field)}=${value}`);
      const underscores = dashes.map((flag) => flag.replace(/(?<=\w)-(?=.*=)/g, '_'));
      expect(parse(...dashes)).toEqual(fields);
      expect(parse(...underscores)).toEqual(fields);
    }
  });

  it.each([
    [['--n-layer', 'six'], "option '--n-layer <n>' argument 'six' is invalid. Expected a whole number."],
    [['--n-layer', '1.5'], "option '--n-layer <n>' argument '1.5' is invalid. Expected a whole number."],
    [['--n-layer', ''], "option '--n-layer <n>' argument '' is invalid. Expected a whole number."],
    [['--n-layer', '0x10'], "option '--n-layer <n>' argument '0x10' is invalid. Expected a whole number."],
    [['--n_layer=0'], "option '--n-layer <n>' argument '0' is invalid. It must be at least 1."],
    [['--seed', '-1'], "option '--seed <n>' argument '-1' is invalid. It must not be negative."],
    [
      ['--learning-rate', 'fast'],
      "option '--learning-rate <x>' argument 'fast' is invalid. Expected a number.",
    ],
    [
      ['--learning-rate', '1e999'],
      "option '--learning-rate <x>' argument '1e999' is invalid. Expected a number.",
    ],
    [['--dropout', '1'], "option '--dropout <x>' argument '1' is invalid. It must be less than 1."],
    [['--n-layr', '6'], "unknown option '--n-layr'\n(Did you mean --n-layer?)"],
  ])('%j is refused with a reason', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
