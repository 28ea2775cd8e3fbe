import type { Recipe } from './recipe.ts';

/** A recipe that can be called by name. */
export interface NamedRecipe {
  readonly description: string;
  readonly recipe: Recipe;
}

/** What all recipes share, unless they say otherwise. */
const common = {
  gradientAccumulationSteps: 1,
  evalIters: 20,
  seed: 1337,
  sharedStream: false,
  lectureOrder: false,
  evenWindows: false,
} as const;

/** nanoGPT's `config/train_shakespeare_char.py`. */
const nanoGPT = {
  model: 'gpt',
  nLayer: 6,
  nHead: 6,
  nEmbd: 384,
  blockSize: 256,
  dropout: 0.2,
  bias: false,
  batchSize: 64,
  maxIters: 5000,
  learningRate: 1e-3,
  decayLr: true,
  warmupIters: 100,
  lrDecayIters: 5000,
  minLr: 1e-4,
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.1,
  gradClip: 1,
  evalInterval: 250,
  ...common,
} as const;

/** The same with the changes that its README gives for a CPU. */
const cpuRecipe = {
  ...nanoGPT,
  nLayer: 4,
  nHead: 4,
  nEmbd: 128,
  blockSize: 64,
  dropout: 0,
  batchSize: 12,
  maxIters: 2000,
  lrDecayIters: 2000,
} as const;

/** How modern models learn here: see docs/fast.md. */
const modern = {
  model: 'modern',
  learningRate: 0.02,
  embeddingLearningRate: 0.1,
  headLearningRate: 0.005,
  tableLearningRate: 0.5,
  decayLr: true,
  warmupIters: 0,
  minLr: 0,
  momentum: 0.95,
  beta1: 0.8,
  beta2: 0.95,
  weightDecay: 0,
  gradClip: 0,
  ...common,
  evenWindows: true,
} as const;

/** What the scripts of "Let's build GPT" have in common: PyTorch's AdamW as it comes, and one random stream. */
const lecture = {
  decayLr: false,
  warmupIters: 0,
  beta1: 0.9,
  beta2: 0.999,
  weightDecay: 0.01,
  gradClip: 0,
  ...common,
  evalIters: 200,
  sharedStream: true,
  lectureOrder: true,
} as const;

export const recipes = {
  fast: {
    description: 'a modern GPT with tables for runs of characters: what can be had in a minute',
    recipe: {
      ...modern,
      nLayer: 3,
      nHead: 2,
      nEmbd: 128,
      blockSize: 64,
      ngramOrder: 6,
      ngramRows: 32_768,
      dropout: 0,
      batchSize: 24,
      maxIters: 640,
      lrDecayIters: 640,
      evalInterval: 160,
    },
  },
  best: {
    description:
      'the same without tables, larger, five times over the text: a quarter of an hour on two cores',
    recipe: {
      ...modern,
      nLayer: 6,
      nHead: 4,
      nEmbd: 256,
      blockSize: 256,
      ngramOrder: 1,
      ngramRows: 1,
      dropout: 0.15,
      batchSize: 8,
      maxIters: 2450,
      lrDecayIters: 2450,
      evalInterval: 245,
    },
  },
  'shakespeare-char-cpu': {
    description: "nanoGPT's CPU run: 4 layers, 128 wide, 2,000 steps; a minute or two",
    recipe: cpuRecipe,
  },
  'nanogpt-replay': {
    description:
      'the same, drawing random numbers as nanoGPT on PyTorch does: its loss curve, figure by figure',
    recipe: { ...cpuRecipe, sharedStream: true },
  },
  'shakespeare-char': {
    description: "nanoGPT's GPU run: 6 layers, 384 wide, 5,000 steps; a day on two cores",
    recipe: nanoGPT,
  },
  'lecture-bigram': {
    description: "the lecture's bigram.py: its losses and its 500 characters; seconds",
    recipe: {
      ...lecture,
      model: 'bigram',
      blockSize: 8,
      batchSize: 32,
      maxIters: 3000,
      lrDecayIters: 3000,
      learningRate: 1e-2,
      minLr: 1e-2,
      evalInterval: 300,
    },
  },
  'lecture-gpt': {
    description: "the lecture's gpt.py: 4 layers, 64 wide, heads of their own; a few minutes",
    recipe: {
      ...lecture,
      model: 'lecture',
      nLayer: 4,
      nHead: 4,
      nEmbd: 64,
      blockSize: 32,
      dropout: 0,
      batchSize: 16,
      maxIters: 5000,
      lrDecayIters: 5000,
      learningRate: 1e-3,
      minLr: 1e-3,
      evalInterval: 100,
    },
  },
  bigram: {
    description: "the tutorial's bigram model: each character predicts the next; seconds",
    recipe: {
      ...common,
      model: 'bigram',
      blockSize: 8,
      batchSize: 4,
      maxIters: 10_000,
      learningRate: 1e-3,
      decayLr: false,
      warmupIters: 0,
      lrDecayIters: 10_000,
      minLr: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      weightDecay: 0.01,
      gradClip: 0,
      evalInterval: 2000,
      evalIters: 200,
    },
  },
} as const satisfies Record<string, NamedRecipe>;

export type RecipeName = keyof typeof recipes;

/** What `nanobard train` and `npm start` train. */
export const defaultRecipe: RecipeName = 'fast';
