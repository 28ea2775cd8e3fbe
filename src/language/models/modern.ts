import { NanobardError } from '../../engine/errors.ts';
import {
  add,
  attention,
  mul,
  ngram,
  reluSquared,
  reshape,
  rmsNorm,
  rotary,
  split,
} from '../../engine/ops/index.ts';
import { type Generator as RandomGenerator, type Tensor, Variable } from '../../engine/tensor/index.ts';
import { type FieldValues, fraction, wholeFrom1 } from '../fields.ts';
import { Dropout } from '../nn/dropout.ts';
import { Embedding } from '../nn/embedding.ts';
import type { KVCache, LayerCache } from '../nn/kv-cache.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import { LanguageModel, type LanguageModelConfig, type ParameterGroups } from './language-model.ts';

// Shapes: B sequences of T tokens, C = nEmbd wide, H = nHead heads of D = C/H each.

/** What a modern GPT can be told, apart from the size of the vocabulary. */
export const modernFields = {
  nLayer: wholeFrom1,
  nHead: wholeFrom1,
  /** Width of the residual stream; a multiple of 2 · nHead. */
  nEmbd: wholeFrom1,
  /** Longest context, in tokens. */
  blockSize: wholeFrom1,
  /** n-grams of 2, 3, … ngramOrder tokens have hashed embeddings of their own; 1 for none. */
  ngramOrder: wholeFrom1,
  /** Rows of each of their tables. */
  ngramRows: wholeFrom1,
  /** Share of what n-grams say, and of what each layer adds, that is dropped while training. */
  dropout: fraction,
};

export type ModernConfig = Readonly<LanguageModelConfig & FieldValues<typeof modernFields>>;

const noBias = { bias: false };

/** Queries and keys of length √D, turned by their positions: Henry et al., "Query-Key Normalization", 2020. */
class CausalSelfAttention extends Module {
  readonly c_attn: Linear;
  readonly c_proj: Linear;
  readonly resid_dropout: Dropout;
  private readonly config: ModernConfig;

  constructor(config: ModernConfig) {
    super();
    this.c_attn = new Linear(config.nEmbd, 3 * config.nEmbd, noBias); // queries, keys and values at once
    this.c_proj = new Linear(config.nEmbd, config.nEmbd, noBias);
    this.resid_dropout = new Dropout(config.dropout);
    this.config = config;
  }

  forward(x: Tensor, cache?: LayerCache): Tensor {
    const { nHead, nEmbd } = this.config;
    const [B, T] = x.shape as [number, number];
    const heads = (y: Tensor): Tensor => reshape(y, [B, T, nHead, nEmbd / nHead]);
    let [q, k, v] = split(this.c_attn.forward(x), nEmbd, -1).map(heads) as [Tensor, Tensor, Tensor]; // (B, T, H, D)
    q = rotary(rmsNorm(q), cache?.position);
    k = rotary(rmsNorm(k), cache?.position);
    if (cache) [k, v] = cache.append(k, v); // (B, blockSize, H, D), all tokens so far
    const y = attention(q, k, v, cache && { position: cache.position }); // (B, T, H, D)
    return this.resid_dropout.forward(this.c_proj.forward(reshape(y, [B, T, nEmbd]))); // (B, T, C)
  }
}

class MLP extends Module {
  readonly c_fc: Linear;
  readonly c_proj: Linear;
  readonly dropout: Dropout;

  constructor({ nEmbd, dropout }: ModernConfig) {
    super();
    this.c_fc = new Linear(nEmbd, 4 * nEmbd, noBias);
    this.c_proj = new Linear(4 * nEmbd, nEmbd, noBias);
    this.dropout = new Dropout(dropout);
  }

  forward(x: Tensor): Tensor {
    x = reluSquared(this.c_fc.forward(x)); // (B, T, 4C)
    return this.dropout.forward(this.c_proj.forward(x)); // (B, T, C)
  }
}

class Block extends Module {
  readonly attn: CausalSelfAttention;
  readonly mlp: MLP;
  /** How much of the embeddings comes in again, (1); 0 at first. */
  readonly x0_lambda: Variable;

  constructor(config: ModernConfig) {
    super();
    this.attn = new CausalSelfAttention(config);
    this.mlp = new MLP(config);
    this.x0_lambda = new Variable([1]);
  }

  forward(x: Tensor, x0: Tensor, cache?: LayerCache): Tensor {
    x = add(x, mul(x0, this.x0_lambda)); // (B, T, C)
    x = add(x, this.attn.forward(rmsNorm(x), cache)); // (B, T, C)
    x = add(x, this.mlp.forward(rmsNorm(x))); // (B, T, C)
    return x;
  }
}

/**
 * A GPT with hashed n-gram embeddings (Huang et al., "Over-Tokenized Transformer", 2025): beside its own embedding
 * each token has one for the last two, three, … tokens together. A batch costs time for the rows that it looks up
 * only. The rest is what was found since GPT-2 to learn the same in less time: rotary positions, RMS normalisation
 * without parameters, normalised queries and keys, squared ReLU, and projections that start at zero (Jordan et al.,
 * "modded-nanogpt", 2024).
 */
export class ModernGPT extends LanguageModel<ModernConfig> {
  readonly transformer: {
    readonly wte: Embedding;
    /** Embeddings of n-grams of 2, 3, … tokens, (ngramRows, C); they start at zero. */
    readonly ngrams: readonly Embedding[];
    readonly drop: Dropout;
    readonly h: readonly Block[];
  };
  readonly lm_head: Linear;

  constructor(config: ModernConfig) {
    super(config);
    const { vocabSize, nLayer, nHead, nEmbd, ngramOrder, ngramRows } = config;
    if (nEmbd % (2 * nHead) !== 0) {
      throw new NanobardError('config', `nHead ${nHead} does not divide nEmbd ${nEmbd} into even parts`, {
        hint: 'Rotary positions turn pairs of numbers: choose nEmbd as a multiple of 2 · nHead.',
      });
    }
    this.transformer = {
      wte: new Embedding(vocabSize, nEmbd),
      ngrams: Array.from({ length: ngramOrder - 1 }, () => new Embedding(ngramRows, nEmbd)),
      drop: new Dropout(config.dropout),
      h: Array.from({ length: nLayer }, () => new Block(config)),
    };
    this.lm_head = new Linear(nEmbd, vocabSize, noBias);
  }

  override *stream(idx: Tensor, cache?: KVCache): Iterable<Tensor> {
    const x0 = rmsNorm(this.embed(idx, cache)); // (B, T, C)
    let x = x0;
    yield x;
    for (const [i, block] of this.transformer.h.entries()) {
      x = block.forward(x, x0, cache?.layers[i]); // (B, T, C)
      yield x;
    }
  }

  override head(x: Tensor): Tensor {
    return this.lm_head.forward(rmsNorm(x)); // (B, T, vocabSize)
  }

  /**
   * Embeddings N(0, 1); layers into attention and MLP N(0, 1 / 4C), half of what keeps the size of what passes through.
   * All other weights stay zero, so that at first a block changes nothing.
   */
  override *initialization(generator: RandomGenerator): Iterable<void> {
    const { wte, h } = this.transformer;
    yield* wte.initialization(generator);
    for (const layer of h.flatMap(({ attn, mlp }) => [attn.c_attn, mlp.c_fc])) {
      yield* layer.initialization(generator); // drawn over, yet the stream goes on after it
      layer.weight.initial = generator.normal(layer.weight.size, 0, 0.5 / Math.sqrt(this.config.nEmbd));
      yield;
    }
  }

  /** To be trained by Muon, AdamW and RowAdaGrad together: see `createOptimizer`. */
  override parameterGroups(): ParameterGroups {
    const { wte, ngrams } = this.transformer;
    const inBlocks = this.parameters().filter(({ name }) => name.startsWith('transformer.h.'));
    return {
      hidden: inBlocks.filter(({ rank }) => rank === 2),
      scalars: inBlocks.filter(({ rank }) => rank < 2),
      head: [this.lm_head.weight],
      embeddings: [wte.weight],
      tables: ngrams.map(({ weight }) => weight),
    };
  }

  /** The embeddings of each token and of the n-grams that end with it, added up: (B, T, C). */
  private embed(idx: Tensor, cache?: KVCache): Tensor {
    const { wte, ngrams, drop } = this.transformer;
    const length = this.lengthOf(idx);
    const token = wte.forward(idx); // (B, T, C)
    if (ngrams.length === 0) return token;
    const ids = cache ? cache.tokens(idx) : idx; // (B, blockSize), all so far, or (B, T)
    const places = {
      rows: this.config.ngramRows,
      length,
      ...(cache && { position: cache.position }),
    };
    const found = ngrams.map((table, i) => table.forward(ngram(ids, { order: i + 2, ...places }))); // (B, T, C) each
    return add(token, drop.forward(found.reduce((a, b) => add(a, b))));
  }
}
