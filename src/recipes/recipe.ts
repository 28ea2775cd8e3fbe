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
  /** Peak learning rate. */
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
  /** Decoupled weight decay of matrices and embeddings. */
  weightDecay: notNegative,
  /** Largest global norm of the gradient; 0 turns clipping off. */
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
};

export const BigramRecipeSchema = v.strictObject({
  model: v.literal('bigram'),
  /** Tokens of context in a training window. */
  blockSize: count,
  ...training,
});

export const GptRecipeSchema = v.pipe(
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

export const RecipeSchema = v.variant('model', [BigramRecipeSchema, GptRecipeSchema]);

/** Everything that decides a training run, apart from the text and the machine. */
export type Recipe = v.InferOutput<typeof RecipeSchema>;
