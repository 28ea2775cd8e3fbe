import * as v from 'valibot';
import { modelFields } from '../models/create.ts';
import { groupFields, trainingFields } from '../train/config.ts';

/** The fields that recipes of each model have, with what each may be. */
export const recipeFields = {
  bigram: { ...modelFields.bigram, ...trainingFields },
  gpt: { ...modelFields.gpt, ...trainingFields },
  lecture: { ...modelFields.lecture, ...trainingFields },
  modern: { ...modelFields.modern, ...trainingFields, ...groupFields },
};

const widthFields = [['nEmbd'], ['nHead']] as const;

const shared = ({ nEmbd, nHead }: { readonly nEmbd: number; readonly nHead: number }): boolean =>
  nEmbd % nHead === 0;
const sharedMessage = 'must divide nEmbd, since every head gets an equal share of the width';

export const RecipeSchema = v.variant('model', [
  v.strictObject(recipeFields.bigram),
  v.pipe(
    v.strictObject(recipeFields.gpt),
    v.forward(v.partialCheck(widthFields, shared, sharedMessage), ['nHead']),
  ),
  v.pipe(
    v.strictObject(recipeFields.lecture),
    v.forward(v.partialCheck(widthFields, shared, sharedMessage), ['nHead']),
  ),
  v.pipe(
    v.strictObject(recipeFields.modern),
    v.forward(
      v.partialCheck(
        widthFields,
        ({ nEmbd, nHead }) => nEmbd % (2 * nHead) === 0,
        'must divide nEmbd into even parts, since rotary positions turn pairs',
      ),
      ['nHead'],
    ),
  ),
]);

/** Everything that decides a training run, apart from the text and the machine. */
export type Recipe = v.InferOutput<typeof RecipeSchema>;

type FieldsOf<M extends Recipe['model']> = Omit<Extract<Recipe, { model: M }>, 'model'>;

type Fields = FieldsOf<'gpt'> & FieldsOf<'modern'>;

/** Fields of a recipe, to be set in place of the recipe's own; `model` is what a recipe is, not a field to set. */
export type RecipeChanges = { readonly [F in keyof Fields]?: Fields[F] | undefined };
