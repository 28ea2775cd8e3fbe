import type { Device } from '../../engine/devices/device.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { breather } from '../breathe.ts';
import { Dataset, type Splits } from '../data/dataset.ts';
import { encodeDocuments, joined, sizeInText } from '../data/documents.ts';
import { CharTokenizer } from '../data/tokenizer/char.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import { loadParameters } from '../formats/load-parameters.ts';
import type { ModelFile } from '../formats/model-file.ts';
import { shortened } from '../formats/shortened.ts';
import { createModel } from '../models/create.ts';
import { anything, checkOptions, texts, whole } from '../options.ts';
import { TextModel } from '../text-model.ts';
import type { Peers } from '../train/peers.ts';
import { streams, Trainer } from '../train/trainer.ts';
import { checkMemory } from './check-memory.ts';
import { chooseRecipe, recipeRules } from './choose.ts';
import { recipeFrom } from './init-from.ts';
import type { Recipe, RecipeChanges } from './recipe.ts';
import type { RecipeName } from './recipes.ts';

export interface TrainingOptions extends RecipeChanges {
  /** A recipe or the name of one; any of its fields given beside it is used instead. */
  readonly recipe: RecipeName | Recipe | (string & {});
  /** The text to learn, or several documents that are kept apart; the last tenth is for validation. */
  readonly text?: string | readonly string[] | undefined;
  /** In place of a text, what a tokenizer has made of it. */
  readonly tokens?: Splits | undefined;
  /** By default one token for each different character of the text. */
  readonly tokenizer?: Tokenizer | undefined;
  /** A model whose weights are the first ones, and whose tokenizer encodes the text; see `openModel`. */
  readonly initFrom?: ModelFile | undefined;
  /** Stays the caller's. */
  readonly device: Device;
  /** Every how many steps the loss is told; 1 by default. */
  readonly reportEvery?: number | undefined;
  /** With whom it is trained together; alone by default. */
  readonly peers?: Peers | undefined;
}

const trainingRules = {
  ...recipeRules,
  text: texts,
  tokens: anything,
  tokenizer: anything,
  initFrom: anything,
  device: anything,
  reportEvery: whole(1),
  peers: anything,
};

/** A training in memory: what trains, and the model as it stands. */
export interface Training {
  readonly recipe: Recipe;
  readonly dataset: Dataset;
  readonly trainer: Trainer;
  /** What the weights were drawn from; where one stream is shared, all that is drawn. */
  readonly generator: Generator;
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
  const breathe = breather(); // a page draws and answers between the parts
  checkOptions('createTraining', options, trainingRules, [
    'recipe',
    options.tokens === undefined ? 'text' : options.initFrom ? 'initFrom' : 'tokenizer',
    'device',
  ]);
  const { recipe: wanted, text = [], tokens, device, reportEvery, initFrom, peers, ...rest } = options;
  const documents = [text].flat();
  const { tokenizer = initFrom?.tokenizer ?? CharTokenizer.fromText(joined(documents)), ...changes } = rest;
  const recipe = initFrom ? recipeFrom(initFrom, wanted, changes) : chooseRecipe(wanted, changes);
  const { vocabSize } = tokenizer;
  checkMemory(recipe, vocabSize, device.name, undefined, peers?.size);
  const dataset = new Dataset(tokens ?? encodeDocuments(tokenizer, documents), recipe.blockSize);
  await breathe();
  const generator = new Generator(recipe.seed + streams.weights);
  const network = createModel({ ...recipe, vocabSize });
  if (initFrom) {
    const { tensors } = shortened(initFrom, { blockSize: recipe.blockSize, vocabSize });
    await loadParameters(network.namedParameters(), tensors, device);
  } else for (const _ of network.initialization(generator)) await breathe();
  const parts = { model: network, dataset, device, config: recipe, generator };
  const bytesPerToken = sizeInText(tokenizer, dataset.validation).bytes / (dataset.validation.length - 1);
  const trainer = await Trainer.create({ ...parts, reportEvery, bytesPerToken, peers });
  return { recipe, dataset, trainer, generator, model: new TextModel(network, tokenizer, device) };
}
