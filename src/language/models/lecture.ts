import { add, arange, attention, concat, relu, reshape } from '../../engine/ops/index.ts';
import type { Generator as RandomGenerator, Tensor } from '../../engine/tensor/index.ts';
import { type FieldValues, fraction, wholeFrom1 } from '../fields.ts';
import { Dropout, dropoutKey } from '../nn/dropout.ts';
import { Embedding } from '../nn/embedding.ts';
import { KVCache, type LayerCache } from '../nn/kv-cache.ts';
import { LayerNorm } from '../nn/layer-norm.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import { normalWeights } from '../nn/normal-weights.ts';
import {
  checkHeads,
  LanguageModel,
  type LanguageModelConfig,
  type ParameterGroups,
} from './language-model.ts';

// Shapes: B sequences of T tokens, C = nEmbd wide, H = nHead heads of D = C/H each.

/** What the lecture's GPT can be told, apart from the size of the vocabulary. */
export const lectureFields = {
  nLayer: wholeFrom1,
  nHead: wholeFrom1,
  /** Width of the residual stream; a multiple of nHead. */
  nEmbd: wholeFrom1,
  /** Longest context, in tokens. */
  blockSize: wholeFrom1,
  dropout: fraction,
};

export type LectureConfig = Readonly<LanguageModelConfig & FieldValues<typeof lectureFields>>;

/** One head of self-attention, with a key, a query and a value of its own for each token. */
export class Head extends Module {
  readonly key: Linear;
  readonly query: Linear;
  readonly value: Linear;
  private readonly dropout: number;

  constructor(config: LectureConfig) {
    super();
    const { nEmbd, nHead } = config;
    this.key = new Linear(nEmbd, nEmbd / nHead, { bias: false });
    this.query = new Linear(nEmbd, nEmbd / nHead, { bias: false });
    this.value = new Linear(nEmbd, nEmbd / nHead, { bias: false });
    this.dropout = config.dropout;
  }

  forward(x: Tensor, cache?: LayerCache): Tensor {
    const [B, T] = x.shape as [number, number];
    const [q, ...kv] = [this.query, this.key, this.value].map((layer) =>
      reshape(layer.forward(x), [B, T, 1, -1]),
    ) as [Tensor, Tensor, Tensor]; // (B, T, 1, D) each
    const [k, v] = cache ? cache.append(...kv) : kv; // (B, blockSize, 1, D), all tokens so far
    const y = attention(q, k, v, {
      ...(cache && { position: cache.position }),
      ...(this.training && { dropout: { p: this.dropout, key: dropoutKey } }),
    }); // (B, T, 1, D)
    return reshape(y, [B, T, -1]); // (B, T, D)
  }
}

/** Several heads side by side, put together by a projection. */
export class MultiHeadAttention extends Module {
  readonly heads: readonly Head[];
  readonly proj: Linear;
  readonly dropout: Dropout;

  constructor(config: LectureConfig) {
    super();
    this.heads = Array.from({ length: config.nHead }, () => new Head(config));
    this.proj = new Linear(config.nEmbd, config.nEmbd);
    this.dropout = new Dropout(config.dropout);
  }

  forward(x: Tensor, caches?: readonly LayerCache[]): Tensor {
    const out = concat(
      this.heads.map((head, i) => head.forward(x, caches?.[i])),
      -1,
    ); // (B, T, C)
    return this.dropout.forward(this.proj.forward(out)); // (B, T, C)
  }
}

/** Two linear layers with a ReLU between them: each token thinks for itself. */
export class FeedForward extends Module {
  readonly net: readonly [Linear, typeof relu, Linear, Dropout];

  constructor({ nEmbd, dropout }: LectureConfig) {
    super();
    this.net = [new Linear(nEmbd, 4 * nEmbd), relu, new Linear(4 * nEmbd, nEmbd), new Dropout(dropout)];
  }

  forward(x: Tensor): Tensor {
    const [inner, activation, outer, dropout] = this.net;
    return dropout.forward(outer.forward(activation(inner.forward(x)))); // (B, T, C)
  }
}

class Block extends Module {
  readonly sa: MultiHeadAttention;
  readonly ffwd: FeedForward;
  readonly ln1: LayerNorm;
  readonly ln2: LayerNorm;

  constructor(config: LectureConfig) {
    super();
    this.sa = new MultiHeadAttention(config);
    this.ffwd = new FeedForward(config);
    this.ln1 = new LayerNorm(config.nEmbd);
    this.ln2 = new LayerNorm(config.nEmbd);
  }

  forward(x: Tensor, caches?: readonly LayerCache[]): Tensor {
    x = add(x, this.sa.forward(this.ln1.forward(x), caches)); // (B, T, C)
    x = add(x, this.ffwd.forward(this.ln2.forward(x))); // (B, T, C)
    return x;
  }
}

/**
 * The GPT of the lecture "Let's build GPT: from scratch, in code, spelled out" (`gpt.py` of ng-video-lecture): key,
 * query and value apart for each head, ReLU, and an output layer of its own. `initialize` draws the weights that the
 * lecture's script on PyTorch draws from the same state of the generator, bit for bit.
 */
export class LectureGPT extends LanguageModel<LectureConfig> {
  readonly token_embedding_table: Embedding;
  readonly position_embedding_table: Embedding;
  readonly blocks: readonly Block[];
  readonly ln_f: LayerNorm;
  readonly lm_head: Linear;

  constructor(config: LectureConfig) {
    super(config);
    const { vocabSize, blockSize, nLayer, nEmbd } = config;
    checkHeads(config);
    this.token_embedding_table = new Embedding(vocabSize, nEmbd);
    this.position_embedding_table = new Embedding(blockSize, nEmbd);
    this.blocks = Array.from({ length: nLayer }, () => new Block(config));
    this.ln_f = new LayerNorm(nEmbd);
    this.lm_head = new Linear(nEmbd, vocabSize);
  }

  override *stream(idx: Tensor, cache?: KVCache): Iterable<Tensor> {
    const { nHead } = this.config;
    const pos = arange(this.lengthOf(idx), cache?.position); // (T), or (B, T) with a cache
    let x = add(this.token_embedding_table.forward(idx), this.position_embedding_table.forward(pos)); // (B, T, C)
    yield x;
    for (const [i, block] of this.blocks.entries()) {
      x = block.forward(x, cache?.layers.slice(i * nHead, (i + 1) * nHead)); // (B, T, C)
      yield x;
    }
  }

  override head(x: Tensor): Tensor {
    return this.lm_head.forward(this.ln_f.forward(x)); // (B, T, vocabSize)
  }

  /** As in the lecture, AdamW decays biases and layer norms as well. */
  override parameterGroups(): ParameterGroups {
    return { plain: this.parameters() };
  }

  /** A cache for each head. */
  override newCache(batch: number): KVCache {
    const { nLayer, nHead, nEmbd, blockSize } = this.config;
    return KVCache.create(nLayer * nHead, [batch, blockSize, nEmbd / nHead]);
  }

  /** N(0, 0.02), biases 0. */
  override *initialization(generator: RandomGenerator): Iterable<void> {
    yield* super.initialization(generator); // drawn over, yet the stream goes on after them
    yield* normalWeights(this, generator);
  }
}
