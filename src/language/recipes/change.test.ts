import { expect, it } from 'vitest';
import { changeRecipe } from './choose.ts';
import { recipes } from './recipes.ts';

it('lets the learning rate fall until the last update, unless told where it ends', () => {
  const { recipe } = recipes.fast;
  expect(changeRecipe(recipe, { maxIters: 100 })).toEqual({ ...recipe, maxIters: 100, lrDecayIters: 100 });
  expect(changeRecipe(recipe, { maxIters: 100, lrDecayIters: 50 })).toMatchObject({ lrDecayIters: 50 });
  expect(changeRecipe(recipe, { nLayer: 1 })).toEqual({ ...recipe, nLayer: 1 });
  const held = { ...recipe, lrDecayIters: 200 };
  expect(changeRecipe(held, { maxIters: 100 })).toMatchObject({ maxIters: 100, lrDecayIters: 200 });
});
