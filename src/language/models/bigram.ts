import { crossEntropy } from '../../engine/ops/cross-entropy/cross-entropy.ts';
import { reshape } from '../../engine/ops/reshape/reshape.ts';
import type { Generator } from '../../engine/tensor/generator.ts';
import type { Tensor } from '../../engine/tensor/tensor.ts';
import { Embedding } from '../nn/embedding.ts';
import { KVCache } from '../nn/kv-cache.ts';
import { Module } from '../nn/module.ts';
import type { LanguageModel } from './language-model.ts';

/** Each token reads the logits of the next one off a table. */
export class BigramLanguageModel extends Module implements LanguageModel {
  readonly vocabSize: number;
  readonly blockSize: number;
  readonly token_embedding_table: Embedding;

  constructor(config: { vocabSize: number; blockSize: number }, generator?: Generator) {
    super();
    this.vocabSize = config.vocabSize;
    this.blockSize = config.blockSize;
    this.token_embedding_table = new Embedding(this.vocabSize, this.vocabSize, { generator });
  }

  forward(idx: Tensor): Tensor {
    return this.token_embedding_table.forward(idx); // (B, T, C), C = vocabSize
  }

  loss(idx: Tensor, targets: Tensor): Tensor {
    const logits = reshape(this.forward(idx), [-1, this.vocabSize]); // (B·T, C)
    return crossEntropy(logits, reshape(targets, [-1])); // scalar
  }

  /** Nothing but the last token matters, so there is nothing to remember. */
  newCache(batch: number): KVCache {
    return new KVCache(0, [batch, this.blockSize, 0]);
  }
}
