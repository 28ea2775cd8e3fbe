import { NanobardError } from '../../engine/errors.ts';
import { parsed } from '../fields.ts';
import { anything, deviceRules, didYouMean, type Rule, shown } from '../options.ts';
import { type Recipe, type RecipeChanges, RecipeSchema, recipeFields } from './recipe.ts';
import { recipes } from './recipes.ts';

// Where models differ in what a field may be, the recipe's schema decides.
const { model: _, ...settable } = { ...recipeFields.modern, ...recipeFields.gpt };

/** The fields that can be set, of whichever model, with what each may be. */
export const settableFields: { readonly [F in keyof RecipeChanges]-?: (typeof settable)[F] } = settable;

/** For options that choose a recipe, its changes, a text with its tokenizer and a device; what a field may be, the recipe's schema knows. */
export const recipeRules: Readonly<Record<string, Rule>> = {
  ...deviceRules,
  ...Object.fromEntries(Object.keys(settable).map((field) => [field, anything])),
  recipe: anything,
  data: anything,
  field: anything,
  tokenizer: anything,
};

const names = Object.keys(recipes);

/**
 * A recipe, by name or as it is, with fields changed; the schedule ends with the run, as `changeRecipe` says.
 *
 * @throws {NanobardError} code `argument` if there is no such recipe, or its model has no such field; `config` if the
 * fields make no sense.
 */
export function chooseRecipe(recipe: string | Recipe, changes: RecipeChanges = {}): Recipe {
  const original = typeof recipe === 'string' ? findRecipe(recipe) : recipe;
  if (typeof original !== 'object' || original === null || !Object.hasOwn(recipeFields, original.model)) {
    throw new NanobardError('config', `${shown(recipe)} is not a recipe`, {
      hint: `Give one by name (${names.join(', ')}) or an object with a model (${Object.keys(recipeFields).join(', ')}) and all of its fields.`,
    });
  }
  const set = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  refuseForeign(original, set);
  const changed = changeRecipe(original, set);
  return parsed(RecipeSchema, changed, (problem, field) => {
    if (field === null) return new NanobardError('config', `this is not a recipe: ${problem}`);
    const value = (changed as Readonly<Record<string, unknown>>)[field];
    return new NanobardError('config', `${field} ${shown(value)} ${problem}`, {
      hint: changed.model !== 'bigram' && field === 'nHead' ? headsHint(changed) : 'Choose another value.',
      options: [field],
    });
  });
}

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

function findRecipe(name: string): Recipe {
  if (Object.hasOwn(recipes, name)) return recipes[name as keyof typeof recipes].recipe;
  throw new NanobardError('argument', `there is no recipe ${shown(name)}`, {
    hint: `${didYouMean(name, names)}The recipes are ${names.join(', ')}.`,
    options: ['recipe'],
  });
}

function refuseForeign({ model }: Recipe, changes: RecipeChanges): void {
  const foreign = Object.keys(changes).find((field) => !Object.hasOwn(recipeFields[model], field));
  if (foreign === undefined) return;
  const others = Object.entries(recipes).filter(([, other]) =>
    Object.hasOwn(recipeFields[other.recipe.model], foreign),
  );
  throw new NanobardError('argument', `a ${model} model has no ${foreign}`, {
    hint: `Leave it out, or train another recipe: ${others.map(([name]) => name).join(', ')}.`,
    options: [foreign],
  });
}

function headsHint({ model, nEmbd }: { model: Recipe['model']; nEmbd: number }): string {
  const unit = model === 'modern' ? 2 : 1; // of a head's width
  if (nEmbd % unit !== 0) return 'Choose an even nEmbd.';
  const heads = Array.from({ length: 16 }, (_, i) => i + 1).filter((n) => nEmbd % (unit * n) === 0);
  const list = new Intl.ListFormat('en', { type: 'disjunction' }).format(heads.map(String));
  return `With nEmbd ${nEmbd} there can be ${list} heads.`;
}
