import { NanobardError } from '../../engine/errors.ts';
import { crossEntropy } from '../../engine/ops/softmax/softmax.ts';
import { reshape } from '../../engine/ops/views/views.ts';
import type { Scalar, Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { KVCache } from '../nn/kv-cache.ts';
import { Module } from '../nn/module.ts';

/** Which optimizer suits a parameter: see `createOptimizer`. */
export type GroupName =
  | 'all' // one optimizer for everything
  | 'plain' // the same, as PyTorch's default: vectors decay, too
  | 'hidden' // matrices inside blocks
  | 'scalars' // vectors and numbers inside blocks
  | 'embeddings'
  | 'head' // the output layer
  | 'tables'; // embeddings of which a batch needs few rows

export type ParameterGroups = Readonly<Partial<Record<GroupName, readonly Variable[]>>>;

export interface LanguageModelConfig {
  readonly vocabSize: number;
  /** Longest context, in tokens. */
  readonly blockSize: number;
  /** Layers that remember keys and values, and their width; none by default. */
  readonly nLayer?: number;
  readonly nEmbd?: number;
}

/** What training and generation ask of a model; another model is another subclass, in a file of its own. */
export abstract class LanguageModel<C extends LanguageModelConfig = LanguageModelConfig> extends Module {
  readonly config: C;

  constructor(config: C) {
    super();
    this.config = config;
  }

  get vocabSize(): number {
    return this.config.vocabSize;
  }

  get blockSize(): number {
    return this.config.blockSize;
  }

  /**
   * Token ids i32 (B, T) → logits of the next token (B, T, vocabSize). With a cache, the ids go on from its position.
   *
   * @throws {NanobardError} code `shape` if T is more than the block size.
   */
  forward(idx: Tensor, cache?: KVCache): Tensor {
    let last: Tensor | undefined;
    for (const x of this.stream(idx, cache)) last = x;
    return this.head(last!); // the embeddings at least
  }

  /** The residual stream, (B, T, C) each: the embeddings, then what each block makes of it. */
  abstract stream(idx: Tensor, cache?: KVCache): Iterable<Tensor>;

  /** The logits, (B, T, vocabSize), that the stream stands for, after the last block or, to look inside, any other. */
  abstract head(x: Tensor): Tensor;

  /** Mean cross entropy of the targets, i32 (B, T), in nats; −1 marks those that do not count. */
  loss(idx: Tensor, targets: Tensor): Scalar {
    const logits = reshape(this.forward(idx), [-1, this.vocabSize]); // (B·T, vocabSize)
    return crossEntropy(logits, reshape(targets, [-1])); // scalar
  }

  /** Every parameter in exactly one group. */
  parameterGroups(): ParameterGroups {
    return { all: this.parameters() };
  }

  /** An empty cache for `batch` sequences. */
  newCache(batch: number): KVCache {
    const { nLayer = 0, nEmbd = 0, blockSize } = this.config;
    return KVCache.create(nLayer, [batch, blockSize, nEmbd]);
  }

  /** T of ids (B, T), if the model can read as many. */
  protected lengthOf(idx: Tensor): number {
    const T = idx.shape[1]!;
    if (T <= this.blockSize) return T;
    const message = `${this.constructor.name}: a sequence of ${T} tokens is longer than the block of ${this.blockSize}`;
    throw new NanobardError('shape', message);
  }
}

/** @throws {NanobardError} code `config` unless every head gets an equal share of the width. */
export function checkHeads({ nEmbd, nHead }: { readonly nEmbd: number; readonly nHead: number }): void {
  if (nEmbd % nHead === 0) return;
  throw new NanobardError('config', `nHead ${nHead} does not divide nEmbd ${nEmbd}`, {
    hint: 'Every head gets an equal share of the width: choose nEmbd as a multiple of nHead.',
  });
}
