import * as v from 'valibot';
import type { Pointwise } from '../../engine/ops/elementwise/elementwise.ts';
import { add, arange, attention, gelu, geluTanh, reshape, split } from '../../engine/ops/index.ts';
import type { Generator as RandomGenerator, Tensor } from '../../engine/tensor/index.ts';
import { type FieldValues, fraction, wholeFrom1 } from '../fields.ts';
import { Dropout, dropoutKey } from '../nn/dropout.ts';
import { Embedding } from '../nn/embedding.ts';
import type { KVCache, LayerCache } from '../nn/kv-cache.ts';
import { LayerNorm } from '../nn/layer-norm.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import { normalWeights } from '../nn/normal-weights.ts';
import { checkHeads, LanguageModel, type LanguageModelConfig } from './language-model.ts';

// Shapes: B sequences of T tokens, C = nEmbd wide, H = nHead heads of D = C/H each.

/** What a GPT can be told, apart from the size of the vocabulary, which follows from the text. */
export const gptFields = {
  nLayer: wholeFrom1,
  nHead: wholeFrom1,
  /** Width of the residual stream; a multiple of nHead. */
  nEmbd: wholeFrom1,
  /** Longest context, in tokens. */
  blockSize: wholeFrom1,
  dropout: fraction,
  /** Whether linear layers and layer norms have biases: true as in GPT-2, false is a little faster and better. */
  bias: v.boolean(),
  /** GELU, exact as in nanoGPT (where nothing is said), or approximated by tanh as in GPT-2. */
  activation: v.optional(v.picklist(['gelu', 'gelu_tanh'], 'must be gelu or gelu_tanh')),
};

export type GPTConfig = Readonly<LanguageModelConfig & FieldValues<typeof gptFields>>;

export class CausalSelfAttention extends Module {
  readonly c_attn: Linear;
  readonly c_proj: Linear;
  readonly resid_dropout: Dropout;
  private readonly config: GPTConfig;

  constructor(config: GPTConfig) {
    super();
    const { nEmbd, bias } = config;
    this.c_attn = new Linear(nEmbd, 3 * nEmbd, { bias }); // queries, keys and values at once
    this.c_proj = new Linear(nEmbd, nEmbd, { bias });
    this.resid_dropout = new Dropout(config.dropout);
    this.config = config;
  }

  forward(x: Tensor, cache?: LayerCache): Tensor {
    const { nHead, nEmbd, dropout } = this.config;
    const [B, T] = x.shape as [number, number];
    const heads = (y: Tensor): Tensor => reshape(y, [B, T, nHead, nEmbd / nHead]);
    let [q, k, v] = split(this.c_attn.forward(x), nEmbd, -1).map(heads) as [Tensor, Tensor, Tensor]; // (B, T, H, D)
    if (cache) [k, v] = cache.append(k, v); // (B, blockSize, H, D), all tokens so far
    const y = attention(q, k, v, {
      ...(cache && { position: cache.position }),
      ...(this.training && { dropout: { p: dropout, key: dropoutKey } }),
    }); // (B, T, H, D)
    return this.resid_dropout.forward(this.c_proj.forward(reshape(y, [B, T, nEmbd]))); // (B, T, C)
  }
}

export class MLP extends Module {
  readonly c_fc: Linear;
  readonly c_proj: Linear;
  readonly dropout: Dropout;
  private readonly activation: Pointwise;

  constructor(config: GPTConfig) {
    super();
    const { nEmbd, bias } = config;
    this.activation = config.activation === 'gelu_tanh' ? geluTanh : gelu;
    this.c_fc = new Linear(nEmbd, 4 * nEmbd, { bias });
    this.c_proj = new Linear(4 * nEmbd, nEmbd, { bias });
    this.dropout = new Dropout(config.dropout);
  }

  forward(x: Tensor): Tensor {
    x = this.activation(this.c_fc.forward(x)); // (B, T, 4C)
    return this.dropout.forward(this.c_proj.forward(x)); // (B, T, C)
  }
}

export class Block extends Module {
  readonly ln_1: LayerNorm;
  readonly attn: CausalSelfAttention;
  readonly ln_2: LayerNorm;
  readonly mlp: MLP;

  constructor(config: GPTConfig) {
    super();
    this.ln_1 = new LayerNorm(config.nEmbd, config);
    this.attn = new CausalSelfAttention(config);
    this.ln_2 = new LayerNorm(config.nEmbd, config);
    this.mlp = new MLP(config);
  }

  forward(x: Tensor, cache?: LayerCache): Tensor {
    x = add(x, this.attn.forward(this.ln_1.forward(x), cache)); // (B, T, C)
    x = add(x, this.mlp.forward(this.ln_2.forward(x))); // (B, T, C)
    return x;
  }
}

/**
 * GPT-2 as nanoGPT writes it: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
 * `initialize` draws the weights that nanoGPT on PyTorch draws from the same state of the generator, bit for bit.
 */
export class GPT extends LanguageModel<GPTConfig> {
  readonly transformer: {
    readonly wte: Embedding;
    readonly wpe: Embedding;
    readonly drop: Dropout;
    readonly h: readonly Block[];
    readonly ln_f: LayerNorm;
  };
  readonly lm_head: Linear;

  constructor(config: GPTConfig) {
    super(config);
    const { vocabSize, blockSize, nLayer, nEmbd } = config;
    checkHeads(config);
    this.transformer = {
      wte: new Embedding(vocabSize, nEmbd),
      wpe: new Embedding(blockSize, nEmbd),
      drop: new Dropout(config.dropout),
      h: Array.from({ length: nLayer }, () => new Block(config)),
      ln_f: new LayerNorm(nEmbd, config),
    };
    this.lm_head = new Linear(nEmbd, vocabSize, { bias: false });
    this.transformer.wte.weight = this.lm_head.weight; // one table for reading and writing tokens
  }

  override *stream(idx: Tensor, cache?: KVCache): Iterable<Tensor> {
    const { wte, wpe, drop, h } = this.transformer;
    const pos = arange(this.lengthOf(idx), cache?.position); // (T), or (B, T) with a cache
    let x = drop.forward(add(wte.forward(idx), wpe.forward(pos))); // (B, T, C)
    yield x;
    for (const [i, block] of h.entries()) {
      x = block.forward(x, cache?.layers[i]); // (B, T, C)
      yield x;
    }
  }

  override head(x: Tensor): Tensor {
    return this.lm_head.forward(this.transformer.ln_f.forward(x)); // (B, T, vocabSize)
  }

  /** N(0, 0.02), biases 0; projections back to the residual stream smaller, since 2 · nLayer of them add up. */
  override *initialization(generator: RandomGenerator): Iterable<void> {
    yield* super.initialization(generator); // drawn over, yet the stream goes on after them
    yield* normalWeights(this, generator);
    for (const [name, parameter] of this.namedParameters()) {
      if (!name.endsWith('c_proj.weight')) continue;
      parameter.initial = generator.normal(parameter.size, 0, 0.02 / Math.sqrt(2 * this.config.nLayer));
      yield;
    }
  }
}
