import * as v from 'valibot';
import { type FieldValues, fraction, notNegative, positive, wholeFrom0, wholeFrom1 } from '../fields.ts';

/** How to train, whatever the model; the names are nanoGPT's, in camel case: an "iter" is a step. */
export const trainingFields = {
  /** Sequences in a batch. */
  batchSize: wholeFrom1,
  /** Batches whose gradients are averaged before each step. */
  gradientAccumulationSteps: wholeFrom1,
  /** Steps in all. */
  maxIters: wholeFrom1,
  /** Peak learning rate, of the matrices in blocks where others have their own. */
  learningRate: positive,
  /** Whether the learning rate warms up and decays by a cosine; constant otherwise. */
  decayLr: v.boolean(),
  /** Steps of linear warm-up. */
  warmupIters: wholeFrom0,
  /** The step at which the cosine reaches `minLr`. */
  lrDecayIters: wholeFrom1,
  minLr: notNegative,
  beta1: fraction,
  beta2: fraction,
  /** Decoupled weight decay of matrices and embeddings; in modern models of the matrices in blocks. */
  weightDecay: notNegative,
  /** Largest global norm of the gradient, n-gram tables apart; 0 turns clipping off. */
  gradClip: notNegative,
  /** Steps between evaluations. */
  evalInterval: wholeFrom1,
  /** Random batches of each split in an evaluation. */
  evalIters: wholeFrom1,
  /** Steps that each rank trains for itself before all come together (`OuterStep`); 1, the default: gradients are shared. */
  syncEvery: v.optional(wholeFrom1),
  /** Whether each rank holds its share of the optimizer's state, and updates that share of the parameters (`Shards`). */
  shardOptimizer: v.optional(v.boolean()),
  seed: wholeFrom0,
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
  gradientAccumulationSteps: v.pipe(wholeFrom1, v.maxValue(1, 'must be 1 for a modern model')),
};

/** Everything that decides how a model is trained, apart from model, text and machine. */
export type TrainingConfig = FieldValues<typeof trainingFields> & Partial<FieldValues<typeof groupFields>>;
