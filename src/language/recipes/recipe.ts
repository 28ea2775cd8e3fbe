import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));
const countOrNone = v.pipe(
  v.number(),
  v.integer('must be a whole number'),
  v.minValue(0, 'must not be negative'),
);
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0, 'must be greater than 0'));
const notNegative = v.pipe(v.number(), v.finite(), v.minValue(0, 'must not be negative'));
const fraction = v.pipe(v.number(), v.minValue(0, 'must be at least 0'), v.ltValue(1, 'must be less than 1'));

/** How to train, whatever the model; the names are nanoGPT's, in camel case. */
const training = {
  /** Sequences in a batch. */
  batchSize: count,
  /** Batches whose gradients are averaged before each update. */
  gradientAccumulationSteps: count,
  /** Updates in all. */
  maxIters: count,
  /** Peak learning rate, of the matrices in blocks where others have their own. */
  learningRate: positive,
  /** Whether the learning rate warms up and decays by a cosine; constant otherwise. */
  decayLr: v.boolean(),
  /** Updates of linear warm-up. */
  warmupIters: countOrNone,
  /** The update at which the cosine reaches `minLr`. */
  lrDecayIters: count,
  minLr: notNegative,
  beta1: fraction,
  beta2: fraction,
  /** Decoupled weight decay of matrices and embeddings; in modern models of the matrices in blocks. */
  weightDecay: notNegative,
  /** Largest global norm of the gradient, tables apart; 0 turns clipping off. */
  gradClip: notNegative,
  /** Updates between evaluations. */
  evalInterval: count,
  /** Random batches of each split in an evaluation. */
  evalIters: count,
  seed: countOrNone,
  /**
   * Whether initial weights, batches and evaluation draw from one random stream, as in nanoGPT. With streams
   * of their own, evaluating more often does not change what is trained on.
   */
  sharedStream: v.boolean(),
  /** Whether training windows pass over the text evenly, without overlap, instead of being drawn at random. */
  evenWindows: v.optional(v.boolean(), false), // older runs have no such field
};

const BigramRecipeSchema = v.strictObject({
  model: v.literal('bigram'),
  /** Tokens of context in a training window. */
  blockSize: count,
  ...training,
});

const GptRecipeSchema = v.pipe(
  v.strictObject({
    model: v.literal('gpt'),
    nLayer: count,
    nHead: count,
    /** Width of the residual stream. */
    nEmbd: count,
    blockSize: count,
    dropout: fraction,
    /** Whether linear layers and layer norms have biases. */
    bias: v.boolean(),
    ...training,
  }),
  v.forward(
    v.partialCheck(
      [['nEmbd'], ['nHead']],
      ({ nEmbd, nHead }) => nEmbd % nHead === 0,
      'must divide nEmbd, since every head gets an equal share of the width',
    ),
    ['nHead'],
  ),
);

const ModernRecipeSchema = v.pipe(
  v.strictObject({
    model: v.literal('modern'),
    nLayer: count,
    nHead: count,
    /** Width of the residual stream. */
    nEmbd: count,
    blockSize: count,
    /** Runs of 2 to so many tokens have tables of their own; 1 for none. */
    ngramOrder: count,
    /** Rows of each of these tables. */
    ngramRows: count,
    dropout: fraction,
    ...training,
    /** Peak learning rates of the other parameters; all rise and fall together. */
    embeddingLearningRate: positive,
    headLearningRate: positive,
    tableLearningRate: positive,
    /** Muon's decay of the mean gradient. */
    momentum: fraction,
    /** The tables learn from one batch at a time. */
    gradientAccumulationSteps: v.pipe(count, v.maxValue(1, 'must be 1 for a modern model')),
  }),
  v.forward(
    v.partialCheck(
      [['nEmbd'], ['nHead']],
      ({ nEmbd, nHead }) => nEmbd % (2 * nHead) === 0,
      'must divide nEmbd into even parts, since rotary positions turn pairs',
    ),
    ['nHead'],
  ),
);

export const RecipeSchema = v.variant('model', [BigramRecipeSchema, GptRecipeSchema, ModernRecipeSchema]);

/** The fields that recipes of each model have, with what each may be. */
export const recipeFields = {
  bigram: BigramRecipeSchema.entries,
  gpt: GptRecipeSchema.entries,
  modern: ModernRecipeSchema.entries,
};

/** Everything that decides a training run, apart from the text and the machine. */
export type Recipe = v.InferOutput<typeof RecipeSchema>;
