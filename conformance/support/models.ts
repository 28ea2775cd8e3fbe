// Small models, trained here in seconds, that stand for all that can be exported.
import {
  type CpuDevice,
  createTraining,
  plays,
  type Recipe,
  type RecipeChanges,
  recipes,
  type TextModel,
} from '../../src/index.ts';
import { decodeModel, type ModelFile } from '../../src/language/formats/model-file.ts';

/** A trained model: as it runs here, and as it is exported. */
export interface Trained {
  readonly model: TextModel;
  readonly file: ModelFile;
  /** A part of the text that it has learned. */
  readonly text: string;
}

const english = plays({ characters: 60_000, seed: 1 });

/** Latin, Cyrillic, Chinese, emoji, one of them joined of several: characters of one to four bytes. */
const manyScripts = Array.from(
  { length: 800 },
  (_, i) =>
    `${['the king of', 'и сказал', '永明月光', 'a rose , a rose', '春秋'][(i * i) % 5]} ` +
    `${['永', '🎭', 'слово', '👩‍🚀', 'é!', '🙂 月'][(i * 7 + (i >> 3)) % 6]}${i % 4 === 0 ? '\n' : ' . '}`,
).join('');

const small = {
  nLayer: 2,
  nHead: 2,
  nEmbd: 96,
  maxIters: 150,
  lrDecayIters: 150,
  evalInterval: 150,
  evalIters: 1,
};
const gpt = { ...recipes['shakespeare-char-cpu'].recipe, ...small };

const kinds = {
  /** Without biases; a block that is not llama.cpp's least context. */
  gpt: { text: english, recipe: { ...gpt, blockSize: 64 } },
  /** With biases, and characters of several bytes. */
  'gpt-scripts': { text: manyScripts, recipe: { ...gpt, blockSize: 128, bias: true, batchSize: 6 } },
  modern: {
    text: english,
    recipe: { ...recipes.fast.recipe, ...small, ngramOrder: 4, ngramRows: 512 },
  },
  lecture: {
    text: english,
    recipe: { ...recipes['lecture-gpt'].recipe, ...small, batchSize: 8, blockSize: 32, learningRate: 1e-3 },
  },
  bigram: { text: english, recipe: { ...recipes['lecture-bigram'].recipe, maxIters: 400 } },
} as const satisfies Record<string, { text: string; recipe: Recipe & RecipeChanges }>;

export type Kind = keyof typeof kinds;

export const allKinds = Object.keys(kinds) as Kind[];

/** The same model each time: seeds are fixed. */
export async function trained(kind: Kind, device: CpuDevice): Promise<Trained> {
  const { text, recipe } = kinds[kind];
  const { trainer, model } = await createTraining({ recipe, text, device });
  for await (const _ of trainer.run());
  return { model, file: decodeModel(await model.save()), text };
}
