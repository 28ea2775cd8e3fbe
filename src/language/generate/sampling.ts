import { NanobardError } from '../../engine/errors.ts';
import type { Generator } from '../../engine/tensor/generator.ts';
import { checkOptions, number, type Rule, whole } from '../options.ts';

/** How the next token is drawn from the logits. */
export interface SamplingRule {
  /** Divides the logits: below 1 bolder, above 1 more varied, 0 always the likeliest token. Default 1. */
  readonly temperature?: number | undefined;
  /** Only the k likeliest tokens. */
  readonly topK?: number | undefined;
  /** Only the likeliest tokens that together reach this probability (Holtzman et al., 2020, §3.1). */
  readonly topP?: number | undefined;
}

export const samplingRules = {
  temperature: number((value) => value >= 0 && value < Number.POSITIVE_INFINITY, 'from 0 on'),
  topK: whole(1),
  topP: number((value) => value > 0 && value <= 1, 'above 0 and at most 1'),
} satisfies Record<keyof SamplingRule, Rule>;

/**
 * Draws tokens by a rule. The draw itself is that of `torch.multinomial`, so that the same seed and logits
 * give the token that the tutorial's and nanoGPT's `generate` give.
 */
export class Sampler {
  private readonly rule: SamplingRule;
  private readonly generator: Generator;
  private weights = new Float32Array(0);

  /** @throws {NanobardError} code `argument` for values that make no sense. */
  constructor({ temperature, topK, topP }: SamplingRule, generator: Generator) {
    this.rule = { temperature, topK, topP };
    checkOptions('sampling', this.rule, samplingRules);
    this.generator = generator;
  }

  /**
   * The next token for the logits of one position.
   *
   * @throws {NanobardError} code `argument` if a logit is not a number.
   */
  next(logits: ArrayLike<number>): number {
    if (this.rule.temperature === 0) return argmax(logits);
    if (this.weights.length !== logits.length) this.weights = new Float32Array(logits.length);
    return this.generator.multinomial(
      fillDistribution(this.weights, logits, this.rule),
      1,
      logits.length,
    )[0]!;
  }
}

/**
 * The probabilities of the next token, (vocabSize), by which a rule draws it from the logits of one position.
 *
 * @throws {NanobardError} code `argument` for values that make no sense, or if a logit is not a number.
 */
export function distribution(logits: ArrayLike<number>, rule: SamplingRule = {}): Float32Array {
  checkOptions('distribution', rule, samplingRules);
  return fillDistribution(new Float32Array(logits.length), logits, rule);
}

function fillDistribution(
  weights: Float32Array,
  logits: ArrayLike<number>,
  { temperature = 1, topK, topP }: SamplingRule,
): Float32Array {
  const likeliest = argmax(logits);
  if (temperature === 0) return weights.fill(0).fill(1, likeliest, likeliest + 1);
  const peak = logits[likeliest]!;
  const limited = topK !== undefined && topK < logits.length;
  const floor = limited ? Float64Array.from(logits).sort().at(-topK)! : Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = logits[i]! < floor ? 0 : Math.exp((logits[i]! - peak) / temperature);
    weights[i] = weight;
    sum += weight;
  }
  for (let i = 0; i < weights.length; i++) weights[i]! /= sum;
  if (topP !== undefined && topP < 1) keepNucleus(weights, topP);
  return weights;
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
