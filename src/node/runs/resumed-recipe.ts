import { chooseRecipe } from '../../language/recipes/choose.ts';
import type { Recipe, RecipeChanges } from '../../language/recipes/recipe.ts';
import { type RunFolder, runError } from './run-folder.ts';

/** Fields that a run keeps for life. */
const FIXED = [
  ...(['nLayer', 'nHead', 'nEmbd', 'blockSize', 'bias', 'activation', 'ngramOrder', 'ngramRows'] as const),
  ...(['seed', 'sharedStream', 'lectureOrder', 'evenWindows', 'syncEvery'] as const),
];

/**
 * The recipe with which a run goes on: its own with changes. For another number of ranks than before, each takes another
 * share of the same batches, where they can be shared out.
 *
 * @throws {NanobardError} code `run-folder` for changes that would make it another run, `config` for those that make no
 *   sense.
 */
export function resumedRecipe({ path, config }: RunFolder, changes: RecipeChanges, ranks: number): Recipe {
  const recipe: Recipe & Readonly<Record<string, unknown>> = config.recipe;
  for (const field of FIXED) {
    const wanted = changes[field];
    if (wanted === undefined || wanted === recipe[field] || !(field in recipe)) continue;
    const message = `the run ${path} has ${field} ${recipe[field]}, which cannot become ${wanted}`;
    const hint = 'Resume it without this change, or begin a new run in another folder.';
    throw runError(message, hint, [field, 'folder']);
  }
  const together = recipe.batchSize * config.ranks;
  const batchSize = together % ranks === 0 ? together / ranks : recipe.batchSize;
  return chooseRecipe({ ...recipe, batchSize }, changes);
}
