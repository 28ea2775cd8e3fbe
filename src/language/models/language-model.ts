import type { Tensor } from '../../engine/tensor/tensor.ts';
import type { KVCache } from '../nn/kv-cache.ts';
import type { Module } from '../nn/module.ts';

/** What training and generation ask of a model. */
export interface LanguageModel extends Module {
  readonly vocabSize: number;
  /** Longest context, in tokens. */
  readonly blockSize: number;
  /** Token ids i32 (B, T) → logits of the next token (B, T, vocabSize). With a cache, the ids go on from its position. */
  forward(idx: Tensor, cache?: KVCache): Tensor;
  /** Mean cross entropy of the targets, i32 (B, T); −1 marks those that do not count. */
  loss(idx: Tensor, targets: Tensor): Tensor;
  /** An empty cache for `batch` sequences. */
  newCache(batch: number): KVCache;
}
