import type { LectureConfig } from '../../models/lecture.ts';
import type { Graph, Value } from './graph.ts';
import { attention, embedding, layerNorm, linear, logits, positionEmbedding, sequence } from './layers.ts';

/** The graph of `models/lecture.ts`; rows of B·T tokens, C wide. */
export function writeLecture(graph: Graph, config: LectureConfig): void {
  const { nLayer, nHead } = config;
  const tokens = sequence(graph, config);
  const [token, position] = [
    embedding(graph, 'token_embedding_table', tokens.ids),
    positionEmbedding(graph, 'position_embedding_table', tokens.positions),
  ];
  let x = graph.apply('Add', [token, position]); // (B·T, C)
  for (let layer = 0; layer < nLayer; layer++) {
    const block = `blocks.${layer}`;
    const add = (y: Value): Value => graph.within(block, () => graph.apply('Add', [x, y]));
    const normed = layerNorm(graph, `${block}.ln1`, x);
    // Each head has matrices of its own, (D, C); their results side by side are what other models get from one.
    const parts = ['query', 'key', 'value'].flatMap((part) =>
      Array.from({ length: nHead }, (_, head) => linear(graph, `${block}.sa.heads.${head}.${part}`, normed)),
    ); // (B·T, D) each
    const y = graph.within(`${block}.sa`, () => {
      const qkv = graph.apply('Concat', parts, { axis: -1 }); // (B·T, 3C)
      return attention(graph, tokens, qkv, { layer, ...config });
    });
    x = add(linear(graph, `${block}.sa.proj`, y));
    const inner = linear(graph, `${block}.ffwd.net.0`, layerNorm(graph, `${block}.ln2`, x)); // (B·T, 4C)
    const active = graph.within(`${block}.ffwd`, () => graph.apply('Relu', [inner]));
    x = add(linear(graph, `${block}.ffwd.net.2`, active));
  }
  const rows = linear(graph, 'lm_head', layerNorm(graph, 'ln_f', x)); // (B·T, vocabSize)
  logits(graph, tokens.size, rows, config.vocabSize);
}
