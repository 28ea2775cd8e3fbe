import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';
import { type Recipe, RecipeSchema } from './recipe.ts';

/**
 * Checks a recipe that came from outside.
 *
 * @throws {NanobardError} code `config`, naming the field and what is wrong with it.
 */
export function parseRecipe(value: unknown): Recipe {
  const result = v.safeParse(RecipeSchema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  throw new NanobardError('config', `${field ?? 'recipe'}: ${issue.message}`, {
    hint: field ? `Received ${issue.received}.` : 'A recipe names its model and all fields of it.',
  });
}
