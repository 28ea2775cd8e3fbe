import { closest, distance } from 'fastest-levenshtein';
import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';
import { changeRecipe } from '../../language/recipes/change.ts';
import { type Recipe, RecipeSchema, recipeFields } from '../../language/recipes/recipe.ts';
import { type NamedRecipe, recipes } from '../../language/recipes/recipes.ts';
import type { Overrides } from './commands/session.ts';
import { flagOf } from './recipe-flags.ts';

const names = Object.keys(recipes);

/** The recipe called `name`, or an error that offers the nearest name. */
function findRecipe(name: string): NamedRecipe {
  if (Object.hasOwn(recipes, name)) return recipes[name as keyof typeof recipes];
  const nearest = closest(name, names);
  const guess = distance(name, nearest) <= nearest.length / 2 ? `Did you mean ${nearest}? ` : '';
  throw new NanobardError('usage', `unknown recipe '${name}'`, {
    hint: `${guess}The recipes are ${names.join(', ')}.`,
  });
}

/** Fails unless there is a recipe called `name` and its model has every field that was set. */
export function checkFields(name: string, overrides: Overrides): void {
  const { recipe } = findRecipe(name);
  const fields = recipeFields[recipe.model];
  const foreign = Object.keys(overrides).find((field) => !Object.hasOwn(fields, field));
  if (foreign === undefined) return;
  const others = Object.entries(recipes).filter(([, other]) =>
    Object.hasOwn(recipeFields[other.recipe.model], foreign),
  );
  throw new NanobardError(
    'usage',
    `${flagOf(foreign)} does not apply to recipe ${name}: a ${recipe.model} model has no such part`,
    { hint: `Leave the flag out, or train another recipe: ${others.map(([other]) => other).join(', ')}.` },
  );
}

/** The recipe called `name` with fields replaced; an error if its model has no such field, or they make no sense. */
export function chooseRecipe(name: string, overrides: Overrides): Recipe {
  checkFields(name, overrides);
  const chosen: Recipe & Overrides = changeRecipe<Recipe>(findRecipe(name).recipe, overrides);
  const result = v.safeParse(RecipeSchema, chosen);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) as keyof typeof chosen;
  throw new NanobardError('config', `${flagOf(field)} ${chosen[field]} ${issue.message}`, {
    hint: chosen.model !== 'bigram' && field === 'nHead' ? headsHint(chosen) : 'Choose another value.',
  });
}

function headsHint({ model, nEmbd }: { model: Recipe['model']; nEmbd: number }): string {
  const unit = model === 'modern' ? 2 : 1; // of a head's width
  if (model === 'modern' && nEmbd % 2 !== 0) return 'Choose an even --n-embd.';
  const heads = Array.from({ length: 16 }, (_, i) => i + 1).filter((n) => nEmbd % (unit * n) === 0);
  return `With --n-embd ${nEmbd} there can be ${new Intl.ListFormat('en', { type: 'disjunction' }).format(heads.map(String))} heads.`;
}
