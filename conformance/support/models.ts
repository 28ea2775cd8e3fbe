// Small models, trained here in seconds, that stand for all that can be exported.
import { createTraining, type Device, plays, type Recipe, recipes, type TextModel } from '../../src/index.ts';
import { trainBpe } from '../../src/language/data/tokenizer/bpe-trainer.ts';

const english = plays({ characters: 60_000, seed: 1 });

/** Characters of one to four bytes: Latin, Cyrillic, Chinese, emoji, some of them joined of several. */
const scripts = Array.from({ length: 800 }, (_, i) => {
  const begin = ['the king of', 'и сказал', '永明月光', 'a rose , a rose', '春秋'][(i * 3 + (i >> 2)) % 5];
  const end = ['永', '🎭', 'слово', '👩‍🚀', 'é!', '🙂 月'][(i * 7 + (i >> 3)) % 6];
  return `${begin} ${end}${i % 4 === 0 ? '\n' : ' . '}`;
}).join('');

const small = {
  ...{ nLayer: 2, nHead: 2, nEmbd: 96, blockSize: 96, batchSize: 6 },
  ...{ maxIters: 120, lrDecayIters: 120, evalInterval: 120, evalIters: 1 },
};
const gpt = { ...recipes['shakespeare-char-cpu'].recipe, ...small };

interface Kind {
  readonly text: string;
  readonly recipe: Recipe;
  /** Texts to go on from. */
  readonly prompts: readonly string[];
  /** Tokens of byte-level BPE; characters without. */
  readonly bpe?: number;
}

const kinds = {
  /** Without biases, its block below llama.cpp's least context. */
  gpt: { text: english, recipe: gpt, prompts: ['The ', 'KING', '\nI have no '] },
  /** With biases, and characters of several bytes. */
  scripts: {
    text: scripts,
    recipe: { ...gpt, bias: true, activation: 'gelu_tanh' },
    prompts: ['the king of 永', '🎭 . и ', '永明月光 👩‍🚀'],
  },
  /** More tokens than the model is wide, with a token that ends texts. */
  bpe: { text: english, recipe: gpt, prompts: ['The king', '\n', 'I have no , 永'], bpe: 400 },
  modern: {
    text: english,
    recipe: { ...recipes.fast.recipe, ...small, ngramOrder: 4, ngramRows: 512 },
    prompts: ['The ', 'KING', '\nI have no '],
  },
  lecture: {
    text: english,
    recipe: { ...recipes['lecture-gpt'].recipe, ...small },
    prompts: ['The ', 'KING', '\nI have no '],
  },
  bigram: {
    text: english,
    recipe: { ...recipes['lecture-bigram'].recipe, maxIters: 400, lrDecayIters: 400, evalIters: 1 },
    prompts: ['The ', 'KING', '\nI have no '],
  },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

export const kindNames = Object.keys(kinds) as KindName[];

/** What its text begins with, and what it is asked to go on from. */
export const textOf = (name: KindName): string => kinds[name].text;
export const promptsOf = (name: KindName): readonly string[] => kinds[name].prompts;

/** The same weights each time: seeds are fixed. */
export async function train(name: KindName, device: Device): Promise<TextModel> {
  const { text, recipe, bpe }: Kind = kinds[name];
  const tokenizer = bpe ? { tokenizer: trainBpe([text], { vocabSize: bpe }) } : {};
  const { trainer, model } = await createTraining({ recipe, text, device, ...tokenizer });
  for await (const _ of trainer.run());
  return model;
}
