import { NanobardError } from '../../engine/errors.ts';
import type { ModelFile } from '../formats/model-file.ts';
import { chooseRecipe } from './choose.ts';
import type { Recipe, RecipeChanges } from './recipe.ts';
import { recipes } from './recipes.ts';

/**
 * The recipe for going on from a model's weights: the shape is the model's, the rest the recipe's. Without a recipe the
 * first of those for such models. `blockSize` may be less than the model's, in the changes or in a recipe of one's own;
 * `dropout`, which has no weights, is the recipe's.
 *
 * @throws {NanobardError} code `config` for a recipe of another kind of model or changes of the shape, and what
 *   `chooseRecipe` throws.
 */
export function recipeFrom(
  { spec }: ModelFile,
  wanted: string | Recipe | undefined,
  changes: RecipeChanges,
): Recipe {
  const fitting = Object.entries(recipes).filter(([, { recipe }]) => recipe.model === spec.model);
  const base = chooseRecipe(wanted ?? fitting[0]![0]);
  if (base.model !== spec.model) {
    throw new NanobardError(
      'config',
      `the recipe trains a ${base.model} model, but the weights are of a ${spec.model}`,
      {
        hint: `Name no recipe, or one of ${fitting.map(([name]) => name).join(', ')}.`,
        options: ['recipe', 'initFrom'],
      },
    );
  }
  const { model: _, vocabSize: __, ...fields } = spec;
  const { dropout: ___, ...shape } = { dropout: 0, ...fields };
  for (const [field, value] of Object.entries(shape)) {
    const asked = changes[field as keyof RecipeChanges];
    const shorter = field === 'blockSize' && Number(asked) < Number(value);
    if (asked === undefined || asked === value || shorter) continue;
    throw new NanobardError(
      'config',
      `the weights are of a model with ${field} ${value}, which cannot become ${asked}`,
      {
        hint:
          field === 'blockSize'
            ? 'It can only become less.'
            : 'Leave it out: the shape is that of the weights.',
        options: [field, 'initFrom'],
      },
    );
  }
  const own = typeof wanted === 'object' ? wanted.blockSize : spec.blockSize;
  const blockSize = Math.min(own, spec.blockSize);
  return chooseRecipe(base, { ...shape, blockSize, ...changes });
}
