import type { Dataset } from '../data/dataset.ts';

/** The mean loss, in nats per token, that models without weights reach on the validation split. */
export interface Baselines {
  /** Every token as likely as any other: ln(vocabSize). */
  readonly uniform: number;
  /** Each token as often as it was in the training split, counted once more than that, so that none is impossible. */
  readonly unigram: number;
  /** The same for each token after the one before it; undefined where there are too many pairs to count. */
  readonly bigram: number | undefined;
}

/** Pairs of tokens that are counted at most. */
const MOST_PAIRS = 2 ** 24;

/** What a training's loss is to be held against: counting alone, from the training split, held to the validation split. */
export function baselines(dataset: Dataset, vocabSize: number): Baselines {
  const [train, validation] = [dataset.train, dataset.validation].map((part) =>
    part.subarray(0, part.length),
  ) as [Int32Array, Int32Array];
  const unigrams = new Float64Array(vocabSize).fill(1);
  for (const token of train) unigrams[token]!++;
  const total = train.length + vocabSize;
  let unigram = 0;
  for (let i = 1; i < validation.length; i++) unigram -= Math.log(unigrams[validation[i]!]! / total);
  const targets = validation.length - 1;
  return {
    uniform: Math.log(vocabSize),
    unigram: unigram / targets,
    bigram: vocabSize ** 2 <= MOST_PAIRS ? bigramLoss(train, validation, vocabSize) / targets : undefined,
  };
}

/** Total loss, with one added to each count. */
function bigramLoss(train: Int32Array, validation: Int32Array, vocabSize: number): number {
  const pairs = new Uint32Array(vocabSize ** 2).fill(1);
  const firsts = new Float64Array(vocabSize).fill(vocabSize);
  for (let i = 1; i < train.length; i++) {
    pairs[train[i - 1]! * vocabSize + train[i]!]!++;
    firsts[train[i - 1]!]!++;
  }
  let loss = 0;
  for (let i = 1; i < validation.length; i++) {
    const before = validation[i - 1]!;
    loss -= Math.log(pairs[before * vocabSize + validation[i]!]! / firsts[before]!);
  }
  return loss;
}
