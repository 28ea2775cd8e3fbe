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

/** How to train, whatever the model; the names are nanoGPT's, in camel case: an "iter" is a step. */
export const trainingFields = {
  /** Sequences in a batch. */
  batchSize: count,
  /** Batches whose gradients are averaged before each step. */
  gradientAccumulationSteps: count,
  /** Steps in all. */
  maxIters: count,
  /** Peak learning rate, of the matrices in blocks where others have their own. */
  learningRate: positive,
  /** Whether the learning rate warms up and decays by a cosine; constant otherwise. */
  decayLr: v.boolean(),
  /** Steps of linear warm-up. */
  warmupIters: countOrNone,
  /** The step at which the cosine reaches `minLr`. */
  lrDecayIters: count,
  minLr: notNegative,
  beta1: fraction,
  beta2: fraction,
  /** Decoupled weight decay of matrices and embeddings; in modern models of the matrices in blocks. */
  weightDecay: notNegative,
  /** Largest global norm of the gradient, n-gram tables apart; 0 turns clipping off. */
  gradClip: notNegative,
  /** Steps between evaluations. */
  evalInterval: count,
  /** Random batches of each split in an evaluation. */
  evalIters: count,
  seed: countOrNone,
  /**
   * Whether the shared stream is used as in the lecture's scripts: an evaluation that is due draws before the step's
   * batch does, not after it, and the sample at the end goes on with the stream.
   */
  lectureOrder: v.optional(v.boolean(), false), // older runs have no such field
  /**
   * Whether initial weights, batches and evaluation draw from one random stream, as in nanoGPT. With streams
   * of their own, evaluating more often does not change what is trained on.
   */
  sharedStream: v.boolean(),
  /** Whether training windows pass over the text evenly, without overlap, instead of being drawn at random. */
  evenWindows: v.optional(v.boolean(), false), // older runs have no such field
};

/** What models with several parameter groups add. */
export const groupFields = {
  /** Peak learning rates of the other parameters; all rise and fall together. */
  embeddingLearningRate: positive,
  headLearningRate: positive,
  tableLearningRate: positive,
  /** Muon's decay of the mean gradient. */
  momentum: fraction,
  /** The n-gram tables learn from one batch at a time. */
  gradientAccumulationSteps: v.pipe(count, v.maxValue(1, 'must be 1 for a modern model')),
};

type Output<F extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<F, undefined>>;

/** Everything that decides how a model is trained, apart from model, text and machine. */
export type TrainingConfig = Output<typeof trainingFields> & Partial<Output<typeof groupFields>>;
