import {
  distribution,
  type Inspection,
  project,
  type SamplingRule,
  type TextModel,
  type Tokenizer,
} from 'nanobard';
import type { Candidate, EmbeddingMap, Look } from '../protocol.ts';
import type { Loan } from './models.ts';

/** Tokens that are looked at, at most: more is not to be seen at once. */
const MOST_TOKENS = 128;

/** Candidates that are shown. */
export const CANDIDATES = 24;
const IN_LENS = 3;

/** The likeliest tokens by the logits, with their probabilities under a rule. */
export function candidatesOf(
  tokenizer: Tokenizer,
  logits: ArrayLike<number>,
  rule: SamplingRule = {},
  count = CANDIDATES,
): Candidate[] {
  const raw = distribution(logits);
  const ruled = distribution(logits, rule);
  return [...raw.keys()]
    .sort((a, b) => raw[b]! - raw[a]! || a - b)
    .slice(0, count)
    .filter((token) => token < tokenizer.vocabSize)
    .map((token) => candidateOf(tokenizer, token, ruled, raw));
}

export function candidateOf(
  tokenizer: Tokenizer,
  token: number,
  ruled: Float32Array,
  raw: Float32Array,
): Candidate {
  return { token, text: tokenizer.decode([token]), probability: ruled[token]!, raw: raw[token]! };
}

/** What a model makes of the beginning of a text. */
export async function lookAt({ model, inspector }: Loan, text: string): Promise<Look> {
  const { tokenizer, network } = model;
  const all = model.promptTokens(text);
  const tokens = all.subarray(0, Math.min(network.blockSize, MOST_TOKENS));
  const begin = performance.now();
  const found = await inspector.look(tokens);
  const milliseconds = performance.now() - begin;
  const V = network.vocabSize;
  const row = (logits: Float32Array, i: number): Float32Array => logits.subarray(i * V, (i + 1) * V);
  const positions = [...tokens.keys()];
  return {
    tokens: Array.from(tokens, (token) => tokenizer.decode([token])),
    losses: lossesOf(found, tokens, V),
    next: positions.map((i) => candidatesOf(tokenizer, row(found.logits, i), {}, 8)),
    lens: found.lens.flatMap((logits) =>
      positions.map((i) => candidatesOf(tokenizer, row(logits, i), {}, IN_LENS)),
    ),
    attention: found.attention,
    heads: found.heads,
    lookups: found.lookups,
    cut: all.length > tokens.length,
    milliseconds,
  };
}

function lossesOf({ logits }: Inspection, tokens: Int32Array, V: number): (number | null)[] {
  return Array.from(tokens, (token, i) => {
    if (i === 0) return null;
    return -Math.log(distribution(logits.subarray((i - 1) * V, i * V))[token]!);
  });
}

/** Tokens as their embeddings place them: the model's first table. */
export async function mapEmbeddings(model: TextModel): Promise<EmbeddingMap> {
  const { network, tokenizer, device } = model;
  const table = network
    .parameters()
    .find(({ shape }) => shape.length === 2 && shape[0] === network.vocabSize);
  if (!table) throw new Error('this model has no table of tokens');
  const count = Math.min(tokenizer.vocabSize, network.vocabSize, 512);
  const width = table.shape[1]!;
  const values = (await device.read(table)).subarray(0, count * width);
  return {
    ...project(values, width),
    labels: Array.from({ length: count }, (_, token) => tokenizer.decode([token])),
  };
}
