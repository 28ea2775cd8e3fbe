import type { Device } from '../../engine/devices/device.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Dataset } from '../data/dataset.ts';
import { CharTokenizer, type Tokenizer } from '../data/tokenizer.ts';
import { createModel } from '../models/create.ts';
import { TextModel } from '../text-model.ts';
import { streams, Trainer } from '../train/trainer.ts';
import { changeRecipe } from './change.ts';
import { parseRecipe } from './parse.ts';
import type { Recipe, RecipeFields } from './recipe.ts';
import { type RecipeName, recipes } from './recipes.ts';

export interface TrainingOptions extends RecipeFields {
  /** A recipe or the name of one; any of its fields given beside it is used instead. */
  readonly recipe: RecipeName | Recipe;
  /** The text to learn; its last tenth is for validation. */
  readonly text: string;
  /** By default one token for each different character of the text. */
  readonly tokenizer?: Tokenizer;
  /** Stays the caller's. */
  readonly device: Device;
  /** Every how many steps the loss is read and told; 1 by default. */
  readonly reportEvery?: number;
}

/** A training in memory: what trains, and the model as it stands. */
export interface Training {
  readonly recipe: Recipe;
  readonly trainer: Trainer;
  readonly model: TextModel;
}

/**
 * A model and what trains it, ready to go, in a page as in Node:
 *
 *     const { trainer, model } = await createTraining({ recipe: 'shakespeare-char-cpu', text, device });
 *     for await (const event of trainer.run()) if (event.type === 'step') console.log(event.loss);
 *     for await (const piece of model.generate('To ')) console.log(piece);
 *
 * @throws {NanobardError} code `config` if the recipe makes no sense, `file` if the text is too short for it, `memory`
 *   if the model does not fit.
 */
export async function createTraining(options: TrainingOptions): Promise<Training> {
  const {
    recipe: chosen,
    text,
    tokenizer = CharTokenizer.fromText(text),
    device,
    reportEvery,
    ...fields
  } = options;
  const recipe = chooseRecipe(chosen, fields);
  const dataset = new Dataset(tokenizer.encode(text), recipe.blockSize);
  const generator = new Generator(recipe.seed + streams.weights);
  const network = createModel({ ...recipe, vocabSize: tokenizer.vocabSize }, generator);
  const trainer = await Trainer.create({
    model: network,
    dataset,
    device,
    config: recipe,
    generator,
    ...(reportEvery !== undefined && { reportEvery }),
  });
  return { recipe, trainer, model: new TextModel(network, tokenizer, device) };
}

/**
 * A recipe by name, or one that is given, with some of its fields changed.
 *
 * @throws {NanobardError} code `config` if there is no such recipe, or it makes no sense.
 */
export function chooseRecipe(recipe: RecipeName | Recipe, fields: RecipeFields = {}): Recipe {
  const base: Recipe = typeof recipe === 'string' ? recipes[recipe]?.recipe : recipe;
  return parseRecipe(changeRecipe(base, fields));
}
