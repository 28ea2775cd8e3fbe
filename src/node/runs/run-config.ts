import * as v from 'valibot';
import { wholeFrom1 } from '../../language/fields.ts';
import { RecipeSchema } from '../../language/recipes/recipe.ts';
import { decodeJSON } from '../files.ts';
import { PolicySchema } from './run-policy.ts';

const RunConfigSchema = v.object({
  /** Version of nanobard that began the run. */
  nanobard: v.string(),
  recipeName: v.string(),
  recipe: RecipeSchema,
  data: v.object({
    /** A corpus by name, or a file's path as seen from the run's folder (a folder, a pattern); or several. */
    source: v.union([v.string(), v.array(v.string())]),
    name: v.string(),
    sha256: v.string(),
    /** Of a text. */
    characters: v.optional(v.number()),
    /** Of a folder of token files. */
    tokens: v.optional(v.number()),
    /** Which field of a table is the text. */
    field: v.optional(v.string()),
  }),
  /** The model whose weights were the first ones: a path or an address. */
  initFrom: v.optional(v.string()),
  /** SHA-256 of these weights; older runs have no such field. */
  initSha256: v.optional(v.string()),
  /** How many train together, each with batches of the recipe's size. */
  ranks: v.optional(wholeFrom1, 1), // older runs have no such field
  /** How activations are stored, where that was said: f32 by default. */
  dtype: v.optional(v.picklist(['f32', 'f16'])),
  policy: v.optional(PolicySchema, {}), // older runs have no such field
});

/** What a run is, decided when it begins. */
export type RunConfig = v.InferOutput<typeof RunConfigSchema>;

/** @throws {NanobardError} code `checkpoint`, with the path, if the bytes are not a run's config.json. */
export function decodeRunConfig(bytes: Uint8Array, path: string): RunConfig {
  return decodeJSON(bytes, path, (value) => v.parse(RunConfigSchema, value));
}
