import { relative, resolve, sep } from 'node:path';
import * as v from 'valibot';
import { wholeFrom1 } from '../../language/fields.ts';
import { RecipeSchema } from '../../language/recipes/recipe.ts';
import type { LoadedCorpus } from '../corpus.ts';
import { decodeJSON } from '../files.ts';
import { PolicySchema } from './run-policy.ts';

const RunConfigSchema = v.object({
  /** Version of nanobard that began the run. */
  nanobard: v.string(),
  recipeName: v.string(),
  recipe: RecipeSchema,
  data: v.object({
    /** A corpus by name, or a file's path as seen from the run's folder. */
    source: v.string(),
    name: v.string(),
    sha256: v.string(),
    characters: v.number(),
  }),
  /** How many train together, each with batches of the recipe's size. */
  ranks: v.optional(wholeFrom1, 1), // older runs have no such field
  policy: v.optional(PolicySchema, {}), // older runs have no such field
});

/** What a run is, decided when it begins. */
export type RunConfig = v.InferOutput<typeof RunConfigSchema>;

/** The text of a run that has no file of its own. */
export const KEPT_TEXT = 'text.txt';

/** @throws {NanobardError} code `checkpoint`, with the path, if the bytes are not a run's config.json. */
export function decodeRunConfig(bytes: Uint8Array, path: string): RunConfig {
  return decodeJSON(bytes, path, (value) => v.parse(RunConfigSchema, value));
}

/**
 * How the run in `folder` remembers a text: a corpus by its name, a file by the way from the folder to it, so that
 * both may move together, and what cannot be read again by the copy that the run keeps.
 */
export function describeText(
  { name, path, source, sha256 }: LoadedCorpus,
  characters: number,
  folder: string,
): RunConfig['data'] {
  const way = source === 'file' && path !== undefined ? relative(resolve(folder), path) : undefined;
  const where = source === 'memory' ? KEPT_TEXT : (way?.split(sep).join('/') ?? name);
  return { source: where, name, sha256, characters };
}
