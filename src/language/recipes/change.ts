import type { Recipe } from './recipe.ts';

/**
 * A recipe with some of its fields changed. Where the learning rate falls until the last step, it still does when
 * there are more or fewer of them, unless the changes say where it ends.
 */
export function changeRecipe<R extends Recipe>(recipe: R, changes: Partial<Recipe>): R {
  const { maxIters, lrDecayIters } = changes;
  const follows =
    maxIters !== undefined && lrDecayIters === undefined && recipe.lrDecayIters === recipe.maxIters;
  return { ...recipe, ...changes, ...(follows && { lrDecayIters: maxIters }) } as R;
}
