import { describe, expect, it } from 'vitest';
import { chooseRecipe } from './choose.ts';
import { recipes } from './recipes.ts';

describe('chooseRecipe', () => {
  it('replaces fields, and lets the schedule end with the run', () => {
    expect(chooseRecipe('shakespeare-char-cpu', { nLayer: 2, maxIters: 10 })).toEqual({
      ...recipes['shakespeare-char-cpu'].recipe,
      ...{ nLayer: 2, maxIters: 10, lrDecayIters: 10 },
    });
    expect(chooseRecipe('fast', { maxIters: 10, lrDecayIters: 20, seed: undefined })).toMatchObject({
      ...{ maxIters: 10, lrDecayIters: 20, seed: recipes.fast.recipe.seed },
    });
  });

  it('takes a recipe as it is', () => {
    for (const { recipe } of Object.values(recipes)) expect(chooseRecipe(recipe)).toEqual(recipe);
  });

  it.each([
    ['shakespear-char', "there is no recipe 'shakespear-char'", 'Did you mean shakespeare-char? '],
    ['quijote', "there is no recipe 'quijote'", `The recipes are ${Object.keys(recipes).join(', ')}.`],
    ['toString', "there is no recipe 'toString'", 'The recipes are '],
  ])('%s: %s', (name, message, hint) => {
    const call = (): unknown => chooseRecipe(name);
    expect(call).toThrow(expect.objectContaining({ code: 'argument', message }));
    expect(call).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(new RegExp(`^${hint.replace('?', '\\?')}`)) }),
    );
  });

  it('refuses fields that the model does not have', () => {
    expect(() => chooseRecipe('bigram', { maxIters: 10, nLayer: 6 })).toThrow(
      expect.objectContaining({
        code: 'argument',
        message: 'a bigram model has no nLayer',
        hint: expect.stringMatching(
          /^Leave it out, or train another recipe: fast, best, shakespeare-char-cpu,/,
        ),
        options: ['nLayer'],
      }),
    );
  });

  it('refuses heads that do not divide the width, and says which do', () => {
    expect(() => chooseRecipe('shakespeare-char-cpu', { nHead: 5 })).toThrow(
      expect.objectContaining({
        code: 'config',
        message: 'nHead 5 must divide nEmbd, since every head gets an equal share of the width',
        hint: 'With nEmbd 128 there can be 1, 2, 4, 8, or 16 heads.',
      }),
    );
    expect(() => chooseRecipe('shakespeare-char-cpu', { nEmbd: 100, nHead: 8 })).toThrow(
      expect.objectContaining({ hint: 'With nEmbd 100 there can be 1, 2, 4, 5, or 10 heads.' }),
    );
  });

  it.each([
    [Number.NaN, 'learningRate NaN Invalid type'],
    [-1, 'learningRate -1 must be greater than 0'],
    ['1e-3', "learningRate '1e-3' Invalid type"],
  ])('refuses a learning rate of %s', (learningRate, message) => {
    expect(() => chooseRecipe('bigram', { learningRate: learningRate as number })).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringContaining(message) }),
    );
  });

  it.each([[null], [7], [[]], [{}], [{ model: 'toString' }]])('refuses %j for a recipe', (recipe) => {
    expect(() => chooseRecipe(recipe as never)).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringContaining('is not a recipe') }),
    );
  });
});
