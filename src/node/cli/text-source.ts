import { existsSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { NanobardError } from '../../engine/errors.ts';
import { recipes } from '../../language/recipes/recipes.ts';
import type { TextSource } from '../corpus.ts';
import type { Io } from './io.ts';

/** What --data names: files, folders, patterns, corpora; - is standard input. Undefined where it was left out. */
export async function textSource(
  values: readonly string[] | undefined,
  io: Io,
): Promise<TextSource | undefined> {
  if (values === undefined) return undefined;
  const sources: (string | Uint8Array)[] = [];
  for (const value of values) sources.push(value === '-' ? await buffer(io.stdin) : value);
  return sources.length === 1 ? sources[0] : sources;
}

/**
 * What is to be trained on what. --data takes all words after it, also that of a recipe; and a file in a recipe's place is
 * told from a wrong name.
 */
export async function recipeAndText(
  named: string | undefined,
  values: readonly string[] | undefined,
  io: Io,
): Promise<{ recipe: string | undefined; data: TextSource | undefined }> {
  const isRecipe = (name: string | undefined): boolean => name !== undefined && Object.hasOwn(recipes, name);
  const last = values?.at(-1);
  const taken = named === undefined && values !== undefined && values.length > 1 && isRecipe(last);
  const recipe = taken ? last : named;
  if (recipe !== undefined && !isRecipe(recipe) && existsSync(recipe)) {
    throw new NanobardError('usage', `'${recipe}' is no recipe but a file or folder`, {
      hint: `A text is given so: ${io.command} train --data ${recipe}`,
    });
  }
  return { recipe, data: await textSource(taken ? values.slice(0, -1) : values, io) };
}
