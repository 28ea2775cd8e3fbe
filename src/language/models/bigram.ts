import type { Tensor } from '../../engine/tensor/tensor.ts';
import { Embedding } from '../nn/embedding.ts';
import { LanguageModel, type LanguageModelConfig } from './language-model.ts';

/** Each token reads the logits of the next one off a table. Nothing but the last token matters. */
export class BigramLanguageModel extends LanguageModel {
  readonly token_embedding_table: Embedding;

  constructor(config: LanguageModelConfig) {
    super(config);
    this.token_embedding_table = new Embedding(config.vocabSize, config.vocabSize);
  }

  override *stream(idx: Tensor): Iterable<Tensor> {
    yield this.token_embedding_table.forward(idx); // (B, T, C), C = vocabSize
  }

  override head(x: Tensor): Tensor {
    return x;
  }
}
