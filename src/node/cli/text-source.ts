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

/** --data takes all words after it, also the name that a command has besides: this gives it back if there is no other. */
export function withoutName(
  named: string | undefined,
  values: readonly string[] | undefined,
  isName: (word: string) => boolean,
): [named: string | undefined, values: readonly string[] | undefined] {
  const last = values?.at(-1);
  if (named !== undefined || !values || values.length < 2 || !last || !isName(last)) return [named, values];
  return [last, values.slice(0, -1)];
}

/** What is to be trained on what; a file in a recipe's place is told from a wrong name. */
export async function recipeAndText(
  named: string | undefined,
  values: readonly string[] | undefined,
  io: Io,
): Promise<{ recipe: string | undefined; data: TextSource | undefined }> {
  const isRecipe = (name: string): boolean => Object.hasOwn(recipes, name);
  const [recipe, texts] = withoutName(named, values, isRecipe);
  if (recipe !== undefined && !isRecipe(recipe) && existsSync(recipe)) {
    throw new NanobardError('usage', `'${recipe}' is no recipe but a file or folder`, {
      hint: `A text is given so: ${io.command} train --data ${recipe}`,
    });
  }
  return { recipe, data: await textSource(texts, io) };
}
