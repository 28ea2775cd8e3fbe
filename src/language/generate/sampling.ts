import { NanobardError } from '../../engine/errors.ts';
import type { Generator } from '../../engine/tensor/generator.ts';

/** How the next token is drawn from the logits. */
export interface SamplingRule {
  /** Divides the logits: below 1 bolder, above 1 more varied, 0 always the likeliest token. Default 1. */
  readonly temperature?: number | undefined;
  /** Only the k likeliest tokens. */
  readonly topK?: number | undefined;
  /** Only the likeliest tokens that together reach this probability (Holtzman et al., 2020, §3.1). */
  readonly topP?: number | undefined;
}

/** @throws {NanobardError} code `argument` for values that make no sense. */
export function checkSamplingRule({ temperature = 1, topK, topP }: SamplingRule): void {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new NanobardError('argument', `the temperature must be 0 or more, not ${temperature}`);
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    throw new NanobardError('argument', `top-k must be a whole number from 1 on, not ${topK}`);
  }
  if (topP !== undefined && !(topP > 0 && topP <= 1)) {
    throw new NanobardError('argument', `top-p must be above 0 and at most 1, not ${topP}`);
  }
}

/**
 * Draws tokens by a rule. The draw itself is that of `torch.multinomial`, so that the same seed and logits
 * give the token that the tutorial's and nanoGPT's `generate` give.
 */
export class Sampler {
  private readonly rule: SamplingRule;
  private readonly generator: Generator;
  private weights = new Float32Array(0);

  constructor(rule: SamplingRule, generator: Generator) {
    checkSamplingRule(rule);
    this.rule = rule;
    this.generator = generator;
  }

  /**
   * The next token for the logits of one position.
   *
   * @throws {NanobardError} code `argument` if a logit is not a number.
   */
  next(logits: ArrayLike<number>): number {
    const { temperature = 1, topK, topP } = this.rule;
    if (temperature === 0) return argmax(logits);
    if (this.weights.length !== logits.length) this.weights = new Float32Array(logits.length);
    const { weights } = this;
    const peak = logits[argmax(logits)]!;
    const floor =
      topK !== undefined && topK < logits.length ? kthLargest(logits, topK) : Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      const weight = logits[i]! < floor ? 0 : Math.exp((logits[i]! - peak) / temperature);
      weights[i] = weight;
      sum += weight;
    }
    for (let i = 0; i < weights.length; i++) weights[i]! /= sum;
    if (topP !== undefined && topP < 1) keepNucleus(weights, topP);
    return this.generator.multinomial(weights, 1, weights.length)[0]!;
  }
}

function argmax(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i]!)) {
      throw new NanobardError('argument', `the logit of token ${i} is not a number`, {
        hint: 'The model has diverged or its checkpoint is damaged: use an earlier one.',
      });
    }
    if (logits[i]! > logits[best]!) best = i;
  }
  return best;
}

function kthLargest(values: ArrayLike<number>, k: number): number {
  return Float64Array.from(values).sort().at(-k)!;
}

/** Sets to 0 what is not among the likeliest tokens that together reach `topP`; ties go to the lower id. */
function keepNucleus(weights: Float32Array, topP: number): void {
  const order = [...weights.keys()]
    .filter((i) => weights[i]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b);
  let sum = 0;
  let kept = 0;
  while (kept < order.length && sum < topP) sum += weights[order[kept++]!]!;
  for (const i of order.slice(kept)) weights[i] = 0;
}
