import type { LanguageModelConfig } from '../../models/language-model.ts';
import type { Graph } from './graph.ts';
import { inputIds } from './layers.ts';

/** The graph of `models/bigram.ts`: no cache, since nothing but the last token matters. */
export function writeBigram(graph: Graph, { vocabSize }: LanguageModelConfig): void {
  const ids = inputIds(graph, vocabSize);
  const rows = graph.rows('token_embedding_table.weight', ids); // (B, T, vocabSize)
  graph.output('logits', rows, 'f32', ['batch_size', 'sequence_length', vocabSize]);
}
